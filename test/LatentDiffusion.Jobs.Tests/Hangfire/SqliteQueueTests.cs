using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Hangfire;

/// <summary>The registered durable queue with a real model, in one process.</summary>
public sealed class SqliteQueueTests : IDisposable
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a blue bird", Steps = 1, Seed = 5 };

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Jobs_outlive_a_restart_and_give_the_images_of_the_pipeline()
    {
        var job = new ImageJob { Model = "drawings", Request = s_request with { ImageCount = 2 }, Caller = "a" };
        using (IHost without = await StartAsync(runsJobs: false))
        {
            JobStatus added = await Queue(without).EnqueueAsync(job, Deadline.Token);
            Assert.Equal((JobState.Queued, 0, "a"), (added.State, added.Position, added.Caller));
            Assert.Empty(await Queue(without).ModelsAsync(Deadline.Token));
            await Assert.ThrowsAsync<UnknownModelException>(
                () => Queue(without).EnqueueAsync(job with { Id = "2", Model = "huge" }, Deadline.Token));
            await without.StopAsync(Deadline.Token);
        }

        using IHost host = await StartAsync();
        Assert.Equal(["drawings"], await Queue(host).ModelsAsync(Deadline.Token));
        JobStatus end = await Queue(host).WatchAsync(job.Id, Deadline.Token).LastAsync(Deadline.Token);
        Assert.Null(end.Error);
        Assert.Equal((JobState.Completed, 1), (end.State, end.Attempts));
        GenerationResult same = await host.Services.GetRequiredService<DiffusionPipeline>()
            .GenerateAsync(job.Request, cancellationToken: Deadline.Token);
        Assert.Equal(same.Images.Select(i => (ulong?)i.Seed), end.Images.Select(i => i.Seed));
        foreach ((StoredImage stored, GeneratedImage image) in end.Images.Zip(same.Images))
        {
            byte[] file = await File.ReadAllBytesAsync(Path.Combine(_folder["store"], stored.Name), Deadline.Token);
            Assert.Equal(image.ToPng(timings: false), file);
        }

        await host.StopAsync(Deadline.Token);
    }

    [Fact]
    public async Task A_running_job_shows_previews_and_is_cancelled_without_leaving_files()
    {
        using IHost host = await StartAsync();
        var job = new ImageJob { Model = "drawings", Request = s_request with { Steps = 1000 }, PreviewEvery = 1 };
        await Queue(host).EnqueueAsync(job, Deadline.Token);
        bool cancelled = false;
        JobStatus? last = null;
        await foreach (JobStatus status in Queue(host).WatchAsync(job.Id, Deadline.Token))
        {
            last = status;
            if (status.Preview is not { } preview || cancelled) continue;
            Assert.StartsWith($"{job.Id}/previews/", preview.Name, StringComparison.Ordinal);
            Assert.InRange(status.CompletedSteps, 1, status.TotalSteps);
            cancelled = await Queue(host).CancelAsync(job.Id, Deadline.Token);
            Assert.True(cancelled);
        }

        Assert.Equal(JobState.Cancelled, last?.State);
        Assert.Empty(Directory.GetDirectories(_folder["store"]));
        await host.StopAsync(Deadline.Token);
    }

    [Fact]
    public async Task A_stopping_worker_returns_its_job()
    {
        var job = new ImageJob { Model = "drawings", Request = s_request with { Steps = 1000 } };
        using (IHost host = await StartAsync())
        {
            await Queue(host).EnqueueAsync(job, Deadline.Token);
            await Queue(host).WatchAsync(job.Id, Deadline.Token).FirstAsync(s => s.State == JobState.Running, Deadline.Token);
            await host.StopAsync(Deadline.Token);
        }

        using IHost other = await StartAsync(runsJobs: false);
        JobStatus status = (await Queue(other).FindAsync(job.Id, Deadline.Token))!;
        Assert.Equal((JobState.Queued, 0, null), (status.State, status.Attempts, status.Started));
        await other.StopAsync(Deadline.Token);
    }

    [Fact]
    public async Task Failures_have_the_name_of_the_wrong_value()
    {
        using IHost host = await StartAsync();
        var job = new ImageJob { Model = "drawings", Request = s_request with { Steps = 0 } };
        await Queue(host).EnqueueAsync(job, Deadline.Token);
        JobStatus end = await Queue(host).WatchAsync(job.Id, Deadline.Token).LastAsync(Deadline.Token);
        Assert.Equal((JobState.Failed, JobErrorKind.InvalidRequest, "Steps"), (end.State, end.Error?.Kind, end.Error?.Parameter));
        Assert.Equal(job.Id, Assert.Single(await Queue(host).ListAsync(cancellationToken: Deadline.Token)).Id);
        await host.StopAsync(Deadline.Token);
    }

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    private static IImageJobQueue Queue(IHost host) => host.Services.GetRequiredService<IImageJobQueue>();

    private async Task<IHost> StartAsync(bool runsJobs = true)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddLatentDiffusion().UseDrawingsModel();
        builder.Services.AddLatentDiffusionJobs(o => o.ImageFolder = _folder["store"]).UseHangfire(o =>
        {
            o.UseSqlite(_folder["jobs.db"]);
            (o.UpdateInterval, o.RunsJobs) = (TimeSpan.FromMilliseconds(50), runsJobs);
        });
        IHost host = builder.Build();
        await host.StartAsync(Deadline.Token);
        return host;
    }
}
