using System.Diagnostics.Metrics;

namespace LatentDiffusion.AspNetCore.Diagnostics;

/// <summary>Metrics of jobs as clients see them.</summary>
internal sealed class ServerMetrics
{
    private readonly UpDownCounter<int> _waiting;
    private readonly Histogram<double> _duration;
    private readonly Counter<int> _images, _refused;

    public ServerMetrics(IMeterFactory meters)
    {
        Meter meter = meters.Create(LatentDiffusionServerDefaults.MeterName);
        var seconds = new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500],
        };
        _waiting = meter.CreateUpDownCounter<int>(
            "latent_diffusion.server.clients.waiting", "{client}", "Clients that wait for a job.");
        _duration = meter.CreateHistogram(
            "latent_diffusion.server.job.duration", "s", "From the arrival of a job to its end, waiting included.", null, seconds);
        _images = meter.CreateCounter<int>("latent_diffusion.server.image.count", "{image}", "Images of completed jobs.");
        _refused = meter.CreateCounter<int>(
            "latent_diffusion.server.request.refused", "{request}", "Requests that were refused, by status code.");
    }

    public void Waiting(int change) => _waiting.Add(change);

    public void Ended(JobStatus job, TimeSpan elapsed)
    {
        var model = KeyValuePair.Create<string, object?>("gen_ai.request.model", job.Model);
        var state = KeyValuePair.Create<string, object?>("latent_diffusion.job.state", job.State.ToString());
        _duration.Record(elapsed.TotalSeconds, model, state);
        if (job.State == JobState.Completed) _images.Add(job.Images.Count, model);
    }

    public void Refused(int status) => _refused.Add(1, new KeyValuePair<string, object?>("http.response.status_code", status));
}
