using System.ClientModel;
using System.Text.Json;
using OpenAI;
using OpenAI.Images;
using OpenAI.Models;
using Xunit;
using PublishedImage = OpenAI.Images.GeneratedImage;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>The OpenAI SDK, as it is published, against the drawings model.</summary>
public class OpenAIClientTests(DrawingsServer server)
{
    private static readonly GeneratedImageSize s_small = new(64, 64);

    [Fact]
    public async Task Generations_return_images()
    {
        GeneratedImageCollection images = await Images().GenerateImagesAsync(
            "a red fox", 2, new ImageGenerationOptions { Size = s_small, ResponseFormat = GeneratedImageFormat.Bytes });

        Assert.Equal(2, images.Count);
        ImageBuffer[] decoded = [.. images.Select(image => TestImages.Decode(image.ImageBytes.ToArray()))];
        Assert.All(decoded, image => Assert.Equal((64, 64), (image.Width, image.Height)));
        Assert.NotEqual(decoded[0].Rgb.ToArray(), decoded[1].Rgb.ToArray());
    }

    [Theory]
    [InlineData("png", "89504E47")]
    [InlineData("jpeg", "FFD8FF")]
    [InlineData("webp", "52494646")]
    public async Task Output_formats_are_written(string format, string signature)
    {
        var options = new ImageGenerationOptions { Size = s_small, OutputFileFormat = new GeneratedImageFileFormat(format) };
        PublishedImage image = await Images().GenerateImageAsync("a blue owl", options);

        Assert.StartsWith(signature, Convert.ToHexString(image.ImageBytes));
    }

    [Fact]
    public async Task Less_quality_makes_smaller_files()
    {
        long[] lengths = await Task.WhenAll(new[] { 5, 95 }.Select(async quality =>
        {
            string json = $$"""
                {"prompt": "a cat", "seed": 1, "size": "64x64", "output_format": "jpeg", "output_compression": {{quality}}}
                """;
            return (await GenerateAsync(json)).GetProperty("b64_json").GetBytesFromBase64().LongLength;
        }));

        Assert.True(lengths[0] < lengths[1], $"{lengths[0]} bytes at quality 5 and {lengths[1]} at 95.");
    }

    [Fact]
    public async Task Additional_fields_are_settings_of_the_request()
    {
        JsonElement image = await GenerateAsync(
            """
            {"prompt": "a green frog", "negative_prompt": "hat", "seed": 42, "steps": 2, "guidance_scale": 2.5, "size": "64x64",
             "scheduler_name": "euler"}
            """);
        var request = new GenerationRequest
        {
            Prompt = "a green frog", NegativePrompt = "hat", Seed = 42, Steps = 2, GuidanceScale = 2.5, Width = 64, Height = 64,
            SchedulerName = "euler",
        };
        GenerationResult expected = await server.Pipeline.GenerateAsync(request);

        Assert.Equal(42UL, image.GetProperty("seed").GetUInt64());
        byte[] file = image.GetProperty("b64_json").GetBytesFromBase64();
        Assert.Equal(expected.Images[0].Image.Rgb.ToArray(), TestImages.Decode(file).Rgb.ToArray());
    }

    [Fact]
    public async Task Urls_serve_the_image_to_its_caller_only()
    {
        PublishedImage image = await Images().GenerateImageAsync(
            "a star", new ImageGenerationOptions { Size = s_small, ResponseFormat = GeneratedImageFormat.Uri });

        Assert.Null(image.ImageBytes);
        using HttpClient client = server.CreateClient(), other = server.CreateClient(RunningServer.OtherKey);
        using HttpClient nobody = server.CreateClient(null);
        ImageBuffer decoded = TestImages.Decode(await client.GetByteArrayAsync(image.ImageUri));
        Assert.Equal((64, 64), (decoded.Width, decoded.Height));
        Assert.Equal(404, (int)(await other.GetAsync(image.ImageUri)).StatusCode);
        Assert.Equal(401, (int)(await nobody.GetAsync(image.ImageUri)).StatusCode);
    }

    [Fact]
    public async Task Edits_start_from_the_image()
    {
        var options = new ImageEditOptions { ResponseFormat = GeneratedImageFormat.Bytes };
        using var source = new MemoryStream(TestImages.Png(70, 64));
        PublishedImage image = await Images().GenerateImageEditAsync(source, "source.png", "a fox", options);

        ImageBuffer decoded = TestImages.Decode(image.ImageBytes.ToArray());
        Assert.Equal((72, 64), (decoded.Width, decoded.Height));
    }

    [Fact]
    public async Task Edits_with_a_mask_repaint_only_its_transparent_pixels()
    {
        using var source = new MemoryStream(TestImages.Png(64, 64));
        using var mask = new MemoryStream(TestImages.LeftTransparent(64, 64));
        PublishedImage image = await Images().GenerateImageEditAsync(source, "source.png", "a fox", mask, "mask.png");

        ImageBuffer before = TestImages.Gradient(64, 64), after = TestImages.Decode(image.ImageBytes.ToArray());
        bool[] changed =
            [.. Enumerable.Range(0, 64 * 64).Select(i => !before.Rgb.Slice(3 * i, 3).SequenceEqual(after.Rgb.Slice(3 * i, 3)))];
        Assert.DoesNotContain(changed.Index(), pixel => pixel.Item && pixel.Index % 64 >= 32);
        Assert.True(changed.Count(c => c) > 1000, $"{changed.Count(c => c)} pixels were repainted.");
    }

    [Fact]
    public async Task Variations_are_similar_to_the_image_and_not_equal()
    {
        using var source = new MemoryStream(TestImages.Png(64, 64));
        GeneratedImageCollection images = await Images().GenerateImageVariationsAsync(
            source, "source.png", 2, new ImageVariationOptions { Size = s_small, ResponseFormat = GeneratedImageFormat.Bytes });

        Assert.Equal(2, images.Count);
        byte[] original = TestImages.Gradient(64, 64).Rgb.ToArray();
        Assert.All(images, image => Assert.NotEqual(original, TestImages.Decode(image.ImageBytes.ToArray()).Rgb.ToArray()));
    }

    [Fact]
    public async Task Models_are_listed_and_found()
    {
        OpenAIModelClient models = Client().GetOpenAIModelClient();

        OpenAIModelCollection all = await models.GetModelsAsync();
        OpenAIModel one = await models.GetModelAsync(DrawingsServer.Model);

        Assert.Equal([DrawingsServer.Model], all.Select(model => model.Id));
        Assert.Equal("latent-diffusion", one.OwnedBy);
        var error = await Assert.ThrowsAsync<ClientResultException>(() => models.GetModelAsync("owner/missing"));
        Assert.Equal(404, error.Status);
        Assert.Contains("model_not_found", error.GetRawResponse()!.Content.ToString());
    }

    [Fact]
    public async Task Errors_reach_the_client()
    {
        async Task<ClientResultException> Fails(ImageClient images, ImageGenerationOptions options) =>
            await Assert.ThrowsAsync<ClientResultException>(() => images.GenerateImageAsync("a fox", options));

        Assert.Equal(404, (await Fails(Client().GetImageClient("dall-e-3"), new ImageGenerationOptions())).Status);
        ClientResultException size = await Fails(Images(), new ImageGenerationOptions { Size = new GeneratedImageSize(63, 64) });
        Assert.Equal(400, size.Status);
        Assert.Contains("\"param\":\"size\"", size.GetRawResponse()!.Content.ToString());
        Assert.Contains("Width is 63", size.Message);
        ImageClient stranger = Client("wrong-key-0123456789").GetImageClient(DrawingsServer.Model);
        Assert.Equal(401, (await Fails(stranger, new ImageGenerationOptions())).Status);
    }

    private async Task<JsonElement> GenerateAsync(string json)
    {
        ClientResult result = await Images().GenerateImagesAsync(BinaryContent.Create(BinaryData.FromString(json)));
        return JsonElement.Parse(result.GetRawResponse().Content).GetProperty("data")[0];
    }

    private ImageClient Images() => Client().GetImageClient(DrawingsServer.Model);

    private OpenAIClient Client(string key = RunningServer.Key) =>
        new(new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri(server.Address, "v1") });
}
