using System.ClientModel;
using System.Drawing;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Images;
using Xunit;
using Options = Microsoft.Extensions.AI.ImageGenerationOptions;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Microsoft.Extensions.AI.OpenAI, as it is published, against the drawings model.</summary>
public class ImageGeneratorClientTests(DrawingsServer server)
{
    [Fact]
    public async Task Images_are_generated()
    {
        using IImageGenerator generator = Create();
        ImageGenerationResponse response = await generator.GenerateAsync(
            new ImageGenerationRequest("a red fox"), new Options { Count = 2, ImageSize = new Size(64, 64) });

        Assert.Equal(2, response.Contents.Count);
        Assert.All(response.Contents, content => Assert.Equal(64, Decode(content).Width));
    }

    [Fact]
    public async Task Images_are_edited()
    {
        using IImageGenerator generator = Create();
        var original = new DataContent(TestImages.Png(64, 64), "image/png") { Name = "original.png" };
        ImageGenerationResponse response = await generator.GenerateAsync(new ImageGenerationRequest("a fox", [original]));

        ImageBuffer edited = Decode(Assert.Single(response.Contents));
        Assert.Equal((64, 64), (edited.Width, edited.Height));
    }

    private static ImageBuffer Decode(AIContent content) => TestImages.Decode(Assert.IsType<DataContent>(content).Data.Span);

    private IImageGenerator Create() => new ImageClient(
        DrawingsServer.Model, new ApiKeyCredential(RunningServer.Key),
        new OpenAIClientOptions { Endpoint = new Uri(server.Address, "v1") }).AsIImageGenerator();
}
