using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LatentDiffusion.Diagnostics;

/// <summary>
/// Spans and metrics of generations, by the OpenTelemetry semantic conventions for generative AI (opentelemetry.io,
/// gen-ai, 1.38). They never contain prompts.
/// </summary>
internal static class GenerationTelemetry
{
    private const string Operation = "generate_content";

    private static readonly string? s_version = typeof(GenerationTelemetry).Assembly.GetName().Version?.ToString();
    private static readonly ActivitySource s_source = new(LatentDiffusionDiagnostics.ActivitySourceName, s_version);
    private static readonly Meter s_meter = new(LatentDiffusionDiagnostics.MeterName, s_version);

    // Boundaries from the conventions.
    private static readonly InstrumentAdvice<double> s_seconds = new()
    {
        HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
    };

    private static readonly Histogram<double> s_duration =
        s_meter.CreateHistogram("gen_ai.client.operation.duration", "s", "GenAI operation duration.", null, s_seconds);

    private static readonly Histogram<double> s_wait =
        s_meter.CreateHistogram("latent_diffusion.generation.wait", "s", "How long generations waited for a slot.", null, s_seconds);

    private static readonly UpDownCounter<int> s_running =
        s_meter.CreateUpDownCounter<int>("latent_diffusion.generation.running", "{generation}", "Generations that are running.");

    private static readonly Counter<int> s_images =
        s_meter.CreateCounter<int>("latent_diffusion.image.count", "{image}", "Images generated.");

    // Internal, which the conventions use for models that run in the same process.
    public static Activity? Start(string? model, IReadOnlyList<GenerationRequest> requests)
    {
        GenerationRequest request = requests[0];
        Activity? activity = s_source.StartActivity(model is null ? Operation : $"{Operation} {model}", ActivityKind.Internal);
        if (activity is not { IsAllDataRequested: true }) return activity;
        foreach ((string key, object? value) in Tags(model)) activity.SetTag(key, value);
        return activity
            .SetTag("gen_ai.output.type", "image")
            .SetTag("gen_ai.request.choice.count", requests.Sum(r => r.ImageCount))
            // Tags hold signed numbers; seeds may be larger. For several requests, the first one's.
            .SetTag("gen_ai.request.seed", unchecked((long)request.Seed!.Value))
            .SetTag("gen_ai.request.image.width", request.Width)
            .SetTag("gen_ai.request.image.height", request.Height)
            .SetTag("latent_diffusion.request.steps", request.Steps)
            .SetTag("latent_diffusion.request.guidance_scale", request.GuidanceScale);
    }

    public static void Waited(string? model, TimeSpan time) => s_wait.Record(time.TotalSeconds, Tags(model));

    public static void Running(string? model, int change) => s_running.Add(change, Tags(model));

    public static void Finished(Activity? activity, string? model, int images, GenerationTimings timings, TimeSpan elapsed)
    {
        s_images.Add(images, Tags(model));
        s_duration.Record(elapsed.TotalSeconds, Tags(model));
        activity?
            .SetTag("latent_diffusion.text_encoding.duration", timings.TextEncoding.TotalSeconds)
            .SetTag("latent_diffusion.denoising.duration", timings.Denoising.TotalSeconds)
            .SetTag("latent_diffusion.decoding.duration", timings.Decoding.TotalSeconds);
    }

    public static void Failed(Activity? activity, string? model, Exception exception, TimeSpan elapsed)
    {
        string type = exception.GetType().FullName!;
        TagList tags = Tags(model);
        tags.Add("error.type", type);
        s_duration.Record(elapsed.TotalSeconds, tags);
        activity?.SetTag("error.type", type).SetStatus(ActivityStatusCode.Error, exception.Message);
    }

    private static TagList Tags(string? model)
    {
        TagList tags = new()
        {
            { "gen_ai.operation.name", Operation },
            { "gen_ai.provider.name", LatentDiffusionDiagnostics.ProviderName },
        };
        if (model is not null) tags.Add("gen_ai.request.model", model);
        return tags;
    }
}
