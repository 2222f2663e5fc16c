using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Running;

/// <summary>Previews are less important than images.</summary>
public class PreviewTests
{
    [Fact]
    public async Task A_job_completes_although_its_previews_cannot_be_deleted()
    {
        var services = new ServiceCollection();
        services.AddLatentDiffusion().UseDrawingsModel();
        services.AddLatentDiffusionJobs();
        var store = new FailingStore { Fails = name => name.EndsWith("/previews", StringComparison.Ordinal) };
        services.AddSingleton<IImageStore>(store);
        await using ServiceProvider provider = services.BuildServiceProvider();
        var job = new ImageJob
        {
            Model = "drawings", PreviewEvery = 1, Request = new GenerationRequest { Prompt = "a blue bird", Steps = 2, Seed = 5 },
        };

        JobResult result = await provider.GetRequiredService<JobRunner>().RunAsync(job, cancellationToken: Deadline.Token);

        Assert.Null(result.Error);
        Assert.Equal($"{job.Id}/0.png", Assert.Single(result.Images).Name);
        Assert.Contains($"{job.Id}/previews", store.Deletions);
        Assert.Contains($"{job.Id}/0.png", store.Files.Keys);
    }
}
