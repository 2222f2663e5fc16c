using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Hosting;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>
/// <c>POST /sdapi/v1/extra-single-image</c>: enlarges an image in this process, one at a time, with the upscalers of its pipelines or one
/// without a network.
/// </summary>
internal sealed class UpscalingEndpoint(
    Upscalers upscalers, IImageCodec codec, InputImageDecoder decoder, CurrentServerOptions limits, IHostApplicationLifetime host)
    : IDisposable
{
    private const string ImageField = "image", NameField = "upscaler_1", SecondField = "upscaler_2", None = "None";
    private const int MostSide = 65_535;

    private readonly SemaphoreSlim _turn = new(1);

    public async Task<IResult> PostAsync(HttpContext context)
    {
        CancellationToken left = context.RequestAborted;
        FieldReader fields = await RequestBody.ReadAsync(context).ConfigureAwait(false);
        LatentDiffusionServerOptions limit = limits.Value;
        string text = fields.Text(ImageField, "")!;
        var images = new InputImages(codec, new PixelLimit(limit.MaximumInputPixels));
        ImageBuffer? image;
        using (await decoder.TakeTurnAsync(left).ConfigureAwait(false)) image = images.Image(fields, ImageField, text);
        bool toSize = fields.Integer("resize_mode", 0, 1, 0) == 1, crops = fields.Flag("upscaling_crop", true);
        double factor = fields.Number("upscaling_resize", 1, 16, 2)!.Value;
        int width = fields.Integer("upscaling_resize_w", 1, MostSide, 512)!.Value;
        int height = fields.Integer("upscaling_resize_h", 1, MostSide, 512)!.Value;
        string name = fields.Text(NameField, None)!;
        double visibility = fields.Number("extras_upscaler_2_visibility", 0, 1, 0)!.Value;
        if (fields.Text(SecondField, None) is not (None or "") && visibility > 0)
            fields.Add(SecondField, $"a second upscaler is not supported; expected {None}.");
        foreach (string faces in new[] { "gfpgan_visibility", "codeformer_visibility" })
            if (fields.Number(faces, 0, 1, 0) > 0) fields.Add(faces, "face restoration is not supported; expected 0.");
        // They only order and weigh the restoration of faces.
        fields.Number("codeformer_weight", 0, 1, 0);
        fields.Flag("upscale_first", false);
        bool shows = fields.Flag("show_extras_results", true);
        IImageUpscaler? upscaler = await upscalers.FindAsync(name, left).ConfigureAwait(false);
        if (upscaler is null)
            fields.Add(NameField, $"'{MessageText.Truncate(name, 100)}'; expected a name of /sdapi/v1/upscalers.");
        if (image is null || upscaler is null)
        {
            fields.ThrowIfInvalid();
            throw ApiError.Invalid(new FieldError(ImageField, "image: missing."));
        }

        Enlargement size = toSize ? Enlargement.ToSize(image, width, height, crops) : Enlargement.ByFactor(image, factor);
        var output = new PixelLimit(limit.MaximumOutputPixels);
        if (!output.Allows(size.Width, size.Height)) fields.Add(ImageField, $"the result has {output.Refusal(size.Width, size.Height)}");
        fields.ThrowIfInvalid();
        ImageBuffer enlarged = await UpscaleAsync(upscaler, image, size, left).ConfigureAwait(false);
        return JsonAnswer.Of(new JsonObject
        {
            ["html_info"] = string.Create(CultureInfo.InvariantCulture, $"<p>{enlarged.Width} x {enlarged.Height}</p>"),
            ["image"] = shows ? Base64File.Encode(codec.EncodePng(enlarged)) : null,
        });
    }

    public void Dispose() => _turn.Dispose();

    private async Task<ImageBuffer> UpscaleAsync(IImageUpscaler upscaler, ImageBuffer image, Enlargement size, CancellationToken left)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(left, host.ApplicationStopping);
        try
        {
            return await UpscaleInTurnAsync(upscaler, image, size, ends.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (host.ApplicationStopping.IsCancellationRequested && !left.IsCancellationRequested)
        {
            throw RequestErrors.Stopping();
        }
    }

    private async Task<ImageBuffer> UpscaleInTurnAsync(
        IImageUpscaler upscaler, ImageBuffer image, Enlargement size, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(
                () => size.Crop(upscaler.Upscale(image, size.Width, size.Height, cancellationToken: cancellationToken)),
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }
}
