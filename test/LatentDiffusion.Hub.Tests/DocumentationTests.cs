using Xunit;

namespace LatentDiffusion.Hub.Tests;

/// <summary>The first example of docs/model-hub.md runs as it is there.</summary>
public sealed class DocumentationTests : IDisposable
{
    private readonly TestHub _test = new();

    [Fact]
    public async Task The_example_of_the_page_generates()
    {
        DrawingsRepository.AddTo(_test.Server, "organisation/name", withOthers: false);
        // Only the shared hub reads these variables here: all other tests give options.
        Environment.SetEnvironmentVariable("HF_ENDPOINT", _test.Server.Endpoint.AbsoluteUri);
        Environment.SetEnvironmentVariable("HF_HUB_CACHE", _test.Cache);

        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModel("organisation/name", revision: "main", variant: "fp16")
            .Build();
        GenerationResult result = await pipeline.GenerateAsync(new GenerationRequest { Prompt = "a blue bird" });

        Assert.Equal((128, 128), (result.Images[0].Image.Width, result.Images[0].Image.Height));
        Assert.Equal("organisation/name", result.Images[0].Metadata["model"]);
    }

    [Fact]
    public void The_page_begins_with_that_example()
    {
        string page = File.ReadAllText(Path.Combine(BuildSettings.Root, "docs", "model-hub.md"));
        string test = File.ReadAllText(Path.Combine(BuildSettings.Root, "test", "LatentDiffusion.Hub.Tests", "DocumentationTests.cs"));
        string[] lines =
        [
            .. page.Split("```")[1].Split('\n').Skip(1)
                .Where(line => line.Length > 0 && !line.StartsWith("using Latent", StringComparison.Ordinal)),
        ];
        Assert.Equal(4, lines.Length);
        Assert.Contains(string.Join('\n', lines.Select(line => $"        {line}")), test, StringComparison.Ordinal);
    }

    public void Dispose() => _test.Dispose();
}
