using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

public sealed class ImageToImageTests(WebUIServer server)
{
    private static readonly SkiaImageCodec s_codec = new();

    private readonly WebUIClient _client = server.ClientOf(nameof(ImageToImageTests));

    [Fact]
    public async Task The_strength_says_how_much_of_an_image_changes()
    {
        ImageBuffer initial = Gradient(128, 128);
        double little = await DistanceAsync(0.25), much = await DistanceAsync(1);
        Assert.True(little < much, $"{little} and {much}");
        Assert.True(little > 0);

        async Task<double> DistanceAsync(double strength)
        {
            JsonObject body = Body(initial);
            (body["steps"], body["denoising_strength"]) = (4, strength);
            return Distance(initial, (await Answer.ImageToImageAsync(_client, body)).Image());
        }
    }

    [Fact]
    public async Task Only_the_masked_area_is_repainted()
    {
        ImageBuffer initial = Gradient(128, 128);
        JsonObject body = Body(initial);
        (body["mask"], body["mask_blur"], body["inpaint_full_res"]) = (Base64(Square(128, 32, 64)), 0, false);
        (body["inpainting_fill"], body["denoising_strength"]) = (1, 1);
        ImageBuffer repainted = (await Answer.ImageToImageAsync(_client, body)).Image();
        Assert.True(ChangedPixels(initial, repainted, inside: true) > 0);
        Assert.Equal(0, ChangedPixels(initial, repainted, inside: false));
        body["inpainting_mask_invert"] = 1;
        ImageBuffer inverted = (await Answer.ImageToImageAsync(_client, body)).Image();
        Assert.Equal(0, ChangedPixels(initial, inverted, inside: true));
        Assert.True(ChangedPixels(initial, inverted, inside: false) > 0);
    }

    [Fact]
    public async Task Only_masked_generates_the_area_at_the_size_and_keeps_that_of_the_image()
    {
        ImageBuffer initial = Gradient(200, 150);
        JsonObject body = Body(initial);
        body["mask"] = $"data:image/png;base64,{Base64(Square(200, 32, 64, 150))}";
        (body["mask_blur"], body["inpaint_full_res"]) = (0, true);
        (body["inpaint_full_res_padding"], body["inpainting_fill"]) = (8, 0);
        ImageBuffer repainted = (await Answer.ImageToImageAsync(_client, body)).Image();
        Assert.Equal((200, 150), (repainted.Width, repainted.Height));
        Assert.True(ChangedPixels(initial, repainted, inside: true) > 0);
        Assert.Equal(0, ChangedPixels(initial, repainted, inside: false));
    }

    [Fact]
    public async Task Masks_may_have_another_size_and_be_painted_on_a_transparent_canvas()
    {
        ImageBuffer initial = Gradient(128, 128);
        JsonObject body = Body(initial);
        (body["mask_blur"], body["inpaint_full_res"], body["denoising_strength"], body["inpainting_fill"]) = (0, false, 1, 1);
        body["mask"] = Base64(Square(256, 64, 128));
        Answer larger = await Answer.ImageToImageAsync(_client, body);
        body["mask"] = Convert.ToBase64String(Transparent.Square(128, 32, 64));
        Answer transparent = await Answer.ImageToImageAsync(_client, body);
        Assert.Equal(0, ChangedPixels(initial, transparent.Image(), inside: false));
        Assert.True(ChangedPixels(initial, transparent.Image(), inside: true) > 0);
        Assert.Equal(larger.Images, transparent.Images);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Images_of_other_sizes_are_resized(int mode)
    {
        JsonObject body = Body(Gradient(160, 96));
        (body["resize_mode"], body["width"], body["height"]) = (mode, 64, 64);
        ImageBuffer image = (await Answer.ImageToImageAsync(_client, body)).Image();
        Assert.Equal((64, 64), (image.Width, image.Height));
    }

    [Fact]
    public async Task The_answer_repeats_images_only_where_they_are_wanted()
    {
        JsonObject body = Body(Gradient(128, 128));
        Answer answer = await Answer.ImageToImageAsync(_client, body);
        Assert.Null(answer.Parameters["init_images"]);
        Assert.Equal(0.75, answer.Parameters["denoising_strength"]!.GetValue<double>());
        GenerationRequest inputs = new() { Prompt = "", InitialImage = Gradient(128, 128) };
        ImageSettings settings = ImageSettings.FromParameters(answer.Texts[0], new ImageSettingsOptions { Inputs = inputs });
        Assert.Equal(0.75, settings.Request.Strength);

        (body["mask"], body["include_init_images"]) = (Base64(Square(128, 32, 64)), true);
        answer = await Answer.ImageToImageAsync(_client, body);
        Assert.Equal(body["init_images"]!.ToJsonString(), answer.Parameters["init_images"]!.ToJsonString());
        Assert.Equal(body["mask"]!.ToJsonString(), answer.Parameters["mask"]!.ToJsonString());
        body["include_init_images"] = false;
        answer = await Answer.ImageToImageAsync(_client, body);
        Assert.Null(answer.Parameters["init_images"]);
        Assert.Null(answer.Parameters["mask"]);
    }

    [Fact]
    public async Task Images_that_are_missing_or_damaged_are_refused()
    {
        JsonObject body = Body(Gradient(128, 128));
        body["init_images"] = null;
        await Refusals.AssertTextAsync(_client, "img2img", body, HttpStatusCode.NotFound, "Init image not found");
        foreach (string damaged in new[] { "", "not base64!", "https://127.0.0.1/image.png", "AAAA", Base64(Gradient(128, 128))[..200] })
        {
            body["init_images"] = new JsonArray(damaged);
            await Refusals.AssertFieldAsync(_client, "img2img", body, "init_images");
        }

        body["init_images"] = new JsonArray(Base64(Gradient(8, 8)), Base64(Gradient(8, 8)));
        await Refusals.AssertFieldAsync(_client, "img2img", body, "init_images");
    }

    [Theory]
    [InlineData(16384, 16384)]
    [InlineData(16384, null)]
    public async Task Images_are_not_resized_beyond_the_limit(int width, int? height)
    {
        JsonObject body = Body(Gradient(16, 2048));
        (body["width"], body["height"]) = (width, height);
        await Refusals.AssertFieldAsync(_client, "img2img", body, "width");
    }

    [Theory]
    [InlineData("resize_mode", "3")]
    [InlineData("denoising_strength", "0")]
    [InlineData("mask_blur_y", "9")]
    [InlineData("inpainting_fill", "4")]
    [InlineData("initial_noise_multiplier", "0.5")]
    [InlineData("image_cfg_scale", "2")]
    [InlineData("enable_hr", "true")]
    [InlineData("mask", "\"AAAA\"")]
    public async Task Settings_that_cannot_be_honoured_are_refused_by_name(string field, string value)
    {
        JsonObject body = Body(Gradient(128, 128));
        body[field] = JsonNode.Parse(value);
        await Refusals.AssertFieldAsync(_client, "img2img", body, field);
    }

    private static JsonObject Body(ImageBuffer image)
    {
        JsonObject body = WebUIClient.Small();
        body["init_images"] = new JsonArray(Base64(image));
        return body;
    }

    private static string Base64(ImageBuffer image) => Convert.ToBase64String(s_codec.EncodePng(image));

    private static ImageBuffer Gradient(int width, int height)
    {
        var rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.Length / 3; i++)
            (rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]) = ((byte)(i % width), (byte)(i / width), (byte)(i % 251));
        return new ImageBuffer(width, height, rgb);
    }

    /// <summary>A mask with a white square.</summary>
    private static ImageBuffer Square(int width, int start, int side, int? height = null)
    {
        var rgb = new byte[width * (height ?? width) * 3];
        for (int y = start; y < start + side; y++) rgb.AsSpan((y * width + start) * 3, side * 3).Fill(byte.MaxValue);
        return new ImageBuffer(width, height ?? width, rgb);
    }

    private static double Distance(ImageBuffer a, ImageBuffer b)
    {
        double sum = 0;
        for (int i = 0; i < a.Rgb.Length; i++) sum += Math.Abs(a.Rgb[i] - b.Rgb[i]);
        return sum / a.Rgb.Length;
    }

    /// <summary>Pixels that differ inside or outside the square of the masks.</summary>
    private static int ChangedPixels(ImageBuffer a, ImageBuffer b, bool inside)
    {
        int changed = 0;
        for (int i = 0; i < a.Width * a.Height; i++)
        {
            bool isInside = i % a.Width is >= 32 and < 96 && i / a.Width is >= 32 and < 96;
            if (isInside == inside && !a.Rgb.Slice(3 * i, 3).SequenceEqual(b.Rgb.Slice(3 * i, 3))) changed++;
        }

        return changed;
    }
}
