using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Running;

/// <summary>The registered queue with a real model.</summary>
public sealed class DrawingsQueueTests : IDisposable
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a blue bird", Steps = 2, Seed = 5 };

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Jobs_give_the_images_of_the_pipeline_with_previews_and_metadata()
    {
        using IHost host = Host(s => s.AddLatentDiffusion().UseDrawingsModel());
        await host.StartAsync(Deadline.Token);
        IImageJobQueue queue = host.Services.GetRequiredService<IImageJobQueue>();
        Assert.Equal(["drawings"], await queue.ModelsAsync(Deadline.Token));
        var job = new ImageJob { Model = "drawings", Request = s_request with { ImageCount = 2 }, PreviewEvery = 1 };
        await queue.EnqueueAsync(job, Deadline.Token);
        var seen = await queue.WatchAsync(job.Id, Deadline.Token).ToListAsync(Deadline.Token);
        JobStatus end = seen[^1];
        Assert.Null(end.Error);
        Assert.Equal((JobState.Completed, 1), (end.State, end.Attempts));
        Assert.Equal(end.TotalSteps, end.CompletedSteps);
        Assert.Equal(
            [new($"{job.Id}/0.png", "image/png", 128, 128, 5), new($"{job.Id}/1.png", "image/png", 128, 128, 6)], end.Images);

        DiffusionPipeline pipeline = host.Services.GetRequiredService<DiffusionPipeline>();
        GenerationResult same = await pipeline.GenerateAsync(job.Request, cancellationToken: Deadline.Token);
        IImageStore store = host.Services.GetRequiredService<IImageStore>();
        foreach ((StoredImage stored, GeneratedImage image) in end.Images.Zip(same.Images))
            Assert.Equal(image.ToPng(timings: false), await ReadAsync(store, stored.Name));
        string[] files = Directory.GetFiles(Path.Combine(_folder["store"], job.Id), "*", SearchOption.AllDirectories);
        Assert.Equal(["0.png", "1.png"], files.Select(Path.GetFileName).Order());
        await host.StopAsync(Deadline.Token);
    }

    [Fact]
    public async Task Wrong_requests_fail_with_the_name_of_the_value()
    {
        using IHost host = Host(s => s.AddLatentDiffusion("birds").UseDrawingsModel().Configure(o => o.MaximumImages = 2));
        IImageJobQueue queue = host.Services.GetRequiredService<IImageJobQueue>();
        Assert.Equal(
            new JobError(JobErrorKind.InvalidRequest, "Steps is 0; expected from 1 to 1000.", "Steps"),
            await ErrorAsync(new ImageJob { Model = "birds", Request = s_request with { Steps = 0 } }));
        JobError? limit = await ErrorAsync(new ImageJob { Model = "birds", Request = s_request with { ImageCount = 3 } });
        Assert.Equal((JobErrorKind.LimitExceeded, "ImageCount"), (limit?.Kind, limit?.Parameter));
        JobError? format = await ErrorAsync(new ImageJob { Model = "birds", Request = s_request, Format = new("image/avif") });
        Assert.Equal((JobErrorKind.InvalidRequest, "Format"), (format?.Kind, format?.Parameter));
        JobError? late = await ErrorAsync(
            new ImageJob { Model = "birds", Request = s_request with { TimeLimit = TimeSpan.FromTicks(1) } });
        Assert.Equal(JobErrorKind.TimedOut, late?.Kind);
        Assert.Empty(Directory.GetDirectories(_folder["store"]));

        async Task<JobError?> ErrorAsync(ImageJob job)
        {
            await queue.EnqueueAsync(job, Deadline.Token);
            return (await queue.WatchAsync(job.Id, Deadline.Token).LastAsync(Deadline.Token)).Error;
        }
    }

    [Fact]
    public async Task A_quality_makes_files_smaller()
    {
        using IHost host = Host(s => s.AddLatentDiffusion().UseDrawingsModel());
        IImageJobQueue queue = host.Services.GetRequiredService<IImageJobQueue>();
        var sizes = new List<int>();
        foreach (int? quality in new int?[] { 10, null, 100 })
        {
            var job = new ImageJob { Model = "drawings", Request = s_request, Format = new("image/webp", quality) };
            await queue.EnqueueAsync(job, Deadline.Token);
            JobStatus end = await queue.WatchAsync(job.Id, Deadline.Token).LastAsync(Deadline.Token);
            Assert.Equal(($"{job.Id}/0.webp", "image/webp"), (end.Images[0].Name, end.Images[0].MediaType));
            sizes.Add((await ReadAsync(host.Services.GetRequiredService<IImageStore>(), end.Images[0].Name)).Length);
        }

        Assert.Equal(sizes.Order(), sizes);
        Assert.Equal(3, sizes.Distinct().Count());
    }

    [Fact]
    public void Models_are_listed_without_loading_them_and_the_unnamed_one_comes_first()
    {
        var services = new ServiceCollection();
        services.AddLatentDiffusion("birds").UseModel(_ => throw new InvalidOperationException("It was loaded."));
        services.AddLatentDiffusion().Configure(o => o.ModelId = "main")
            .UseModel(_ => throw new InvalidOperationException("It was loaded."));
        services.AddLatentDiffusion("cats").UseDrawingsModel();
        services.AddLatentDiffusionJobs(o => o.ImageFolder = _folder["store"]);
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal(["main", "birds", "cats"], provider.GetRequiredService<IModelCatalog>().Names);
    }

    public void Dispose() => _folder.Dispose();

    private IHost Host(Action<IServiceCollection> models)
    {
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        models(builder.Services);
        builder.Services.AddLatentDiffusionJobs(o => o.ImageFolder = _folder["store"]);
        return builder.Build();
    }

    private static async Task<byte[]> ReadAsync(IImageStore store, string name)
    {
        await using Stream stream = (await store.OpenReadAsync(name, Deadline.Token))!;
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, Deadline.Token);
        return copy.ToArray();
    }
}
