#pragma warning disable MEAI001 // IImageGenerator is experimental.
using System.Drawing;
using LatentDiffusion.Client;
using Microsoft.Extensions.AI;
using SkiaSharp;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.Client;

/// <summary>The same code gives the same images and exceptions with a generator in the process and with one over a server.</summary>
public sealed class EqualGeneratorTests(DrawingsServer server)
{
    private const int Side = 64;

    private static readonly SkiaImageCodec s_codec = new();

    public static TheoryData<string> Requests => ["text", "settings", "several", "jpeg", "webp", "edit", "odd", "mask", "erased"];

    public static TheoryData<string> Wrong =>
        ["steps", "number", "unknown", "size", "count", "model", "image", "mask", "type", "streaming", "prompt"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Requests))]
    public async Task Images_are_equal(string what)
    {
        (ImageGenerationRequest request, ImageGenerationOptions options) = Request(what);
        DataContent[] near = await GenerateAsync(Local, request, options), far = await GenerateAsync(Remote, request, options);
        Assert.Equal(options.Count ?? 1, near.Length);
        Assert.Equal(near.Select(image => image.MediaType), far.Select(image => image.MediaType));
        Assert.Equal(near.Select(Pixels), far.Select(Pixels));
        Assert.Equal(near.Select(image => image.AdditionalProperties!["seed"]), far.Select(image => image.AdditionalProperties!["seed"]));
        if (what == "text") Assert.Equal(Settings(near[0]), Settings(far[0]));
    }

    [Theory, MemberData(nameof(Wrong))]
    public async Task Refusals_are_equal(string what)
    {
        (ImageGenerationRequest request, ImageGenerationOptions options) = WrongRequest(what);
        Exception? near = await Record.ExceptionAsync(() => GenerateAsync(Local, request, options));
        Exception? far = await Record.ExceptionAsync(() => GenerateAsync(Remote, request, options));
        Assert.NotNull(near);
        Assert.NotNull(far);
        // The server does not say which kind of wrong argument it was.
        Type expected = near is ArgumentException ? typeof(ArgumentException) : near.GetType();
        Assert.Equal(expected, far.GetType());
    }

    private IImageGenerator Local => server.Pipeline.AsImageGenerator();

    private HttpImageGenerator Remote => new(server.CreateClient());

    private static async Task<DataContent[]> GenerateAsync(
        IImageGenerator generator, ImageGenerationRequest request, ImageGenerationOptions options)
    {
        ImageGenerationResponse response = await generator.GenerateAsync(request, options, Cancellation);
        return [.. response.Contents.Cast<DataContent>()];
    }

    /// <summary>What both say of an image: all except timings, which jobs do not record.</summary>
    private static IEnumerable<KeyValuePair<string, object?>> Settings(DataContent image) => image.AdditionalProperties!
        .Where(setting => !setting.Key.EndsWith("_seconds", StringComparison.Ordinal)).OrderBy(setting => setting.Key);

    private static byte[] Pixels(DataContent image) => s_codec.Decode(image.Data.Span).Rgb.ToArray();

    private static (ImageGenerationRequest Request, ImageGenerationOptions Options) Request(string what)
    {
        // The size of the result follows from the image, rounded to what the model can generate.
        bool isOdd = what == "odd";
        var options = new ImageGenerationOptions
        {
            ImageSize = isOdd ? null : new Size(Side, Side), AdditionalProperties = new() { ["seed"] = 7 },
        };
        var text = new ImageGenerationRequest("a blue bird");
        var edit = new ImageGenerationRequest("a red bird", [new DataContent(Png(what == "erased", isOdd ? Side - 3 : Side), "image/png")]);
        switch (what)
        {
            case "settings":
                options.AdditionalProperties["negative_prompt"] = "a hat";
                options.AdditionalProperties["steps"] = "3";
                options.AdditionalProperties["guidance_scale"] = 2.5;
                options.AdditionalProperties["scheduler_name"] = "euler";
                break;
            case "several":
                options.Count = 2;
                break;
            case "jpeg" or "webp":
                options.MediaType = $"image/{what}";
                break;
            case "mask":
                options.AdditionalProperties["mask"] = new DataContent(Png(erased: true), "image/png");
                break;
            case "edit" or "odd":
                options.AdditionalProperties["strength"] = 0.5;
                break;
        }

        return (what is "edit" or "odd" or "mask" or "erased" ? edit : text, options);
    }

    private static (ImageGenerationRequest Request, ImageGenerationOptions Options) WrongRequest(string what)
    {
        (ImageGenerationRequest request, ImageGenerationOptions options) = Request(what == "mask" ? "edit" : "text");
        switch (what)
        {
            case "steps":
                options.AdditionalProperties!["steps"] = 0;
                break;
            case "number":
                options.AdditionalProperties!["guidance_scale"] = "much";
                break;
            case "unknown":
                options.AdditionalProperties!["stesp"] = 4;
                break;
            case "size":
                options.ImageSize = new Size(Side + 1, Side);
                break;
            case "count":
                options.Count = 0;
                break;
            case "model":
                options.ModelId = "dall-e-3";
                break;
            case "image":
                request.OriginalImages = [new DataContent(new byte[] { 1, 2, 3 }, "image/png")];
                break;
            case "mask":
                options.AdditionalProperties!["mask"] = new DataContent(Png(erased: false), "image/png");
                break;
            case "type":
                options.MediaType = "image/gif";
                break;
            case "streaming":
                options.StreamingCount = 1;
                break;
            case "prompt":
                request.Prompt = null;
                break;
        }

        return (request, options);
    }

    private static byte[] Png(bool erased, int width = Side)
    {
        using var bitmap = new SKBitmap(width, Side, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        bitmap.Erase(SKColors.Gold);
        bitmap.Erase(SKColors.Blue, new SKRectI(8, 8, 40, 40));
        if (erased) bitmap.Erase(SKColors.Transparent, new SKRectI(0, 0, Side / 2, Side));
        return bitmap.Encode(SKEncodedImageFormat.Png, 100).ToArray();
    }
}
