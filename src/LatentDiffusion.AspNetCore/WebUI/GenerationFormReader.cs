using System.Text.Json;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Reads the bodies of <c>txt2img</c> and <c>img2img</c>. Every field is honoured or refused by its name.</summary>
/// <param name="options">Options of the caller.</param>
/// <param name="models">Names of the models, the default one first.</param>
/// <param name="styles">The styles that requests can name.</param>
/// <param name="limits">Limits of the server.</param>
/// <param name="images">Decodes images.</param>
internal sealed class GenerationFormReader(
    ApiOptions options, IReadOnlyList<string> models, IReadOnlyList<WebUIStyle> styles, LatentDiffusionServerOptions limits,
    InputImages images)
{
    private const string Overrides = "override_settings", ClipSkip = "clip_skip";

    private readonly PixelLimit _output = new(limits.MaximumOutputPixels);

    /// <exception cref="ApiError">A field is wrong, or is not supported.</exception>
    public GenerationForm Read(FieldReader fields, bool fromImage)
    {
        (string prompt, string negative, IReadOnlyList<string> named) = PromptFields.Read(fields, styles, limits.MaximumPromptLength);
        SeedFields seeds = SeedFields.Read(fields);
        SamplerFields sampler = SamplerFields.Read(fields);
        int maximum = RequestSettings.Width.Range!.Maximum;
        int batch = fields.Integer("batch_size", 1, limits.MaximumImages, 1)!.Value;
        int iterations = fields.Integer("n_iter", 1, limits.MaximumImages, 1)!.Value;
        var parameters = new WebUIParameters
        {
            Prompt = prompt, NegativePrompt = negative, Sampler = sampler.Sampler, ScheduleType = sampler.Schedule, Eta = sampler.Eta,
            Steps = fields.Integer("steps", 1, RequestSettings.Steps.Range!.Maximum),
            CfgScale = fields.Number("cfg_scale", 0, RequestSettings.GuidanceScale.Range!.Maximum),
            Width = fields.Integer("width", 1, maximum), Height = fields.Integer("height", 1, maximum),
        };
        CheckSize(fields, parameters, batch, iterations);
        ApiOptions overridden = ReadOptions(fields);
        bool restores = fields.Flag("override_settings_restore_afterwards", true), sends = fields.Flag("send_images", true);
        ScriptFields.Check(fields);
        FixedField.Check(fields, FixedField.Common.Concat(fromImage ? FixedField.ImageToImage : FixedField.TextToImage));
        ImageFields? image = null;
        double? imageScale = null;
        if (fromImage)
        {
            image = ImageFields.Read(fields, images, _output, parameters.Width, parameters.Height);
            parameters = parameters with { DenoisingStrength = image?.Strength };
            imageScale = fields.Number("image_cfg_scale", 0, RequestSettings.ImageGuidanceScale.Range!.Maximum);
        }
        else parameters = HiresFields.Read(fields, parameters);

        fields.ThrowIfInvalid();
        GenerationRequest request = Request(parameters, image) with { ImageCount = batch, Churn = sampler.Churn };
        CheckSecondPass(fields, request.Upscale);
        return new GenerationForm
        {
            Fields = fields.Values, Options = overridden, KeepsOptions = !restores, Styles = named, Seeds = seeds, Iterations = iterations,
            SendsImages = sends, Request = imageScale is null ? request : request with { ImageGuidanceScale = imageScale },
        };
    }

    private static GenerationRequest Request(WebUIParameters parameters, ImageFields? image)
    {
        var inputs = new GenerationRequest { Prompt = "", InitialImage = image?.Image, Mask = image?.Mask };
        GenerationRequest request = parameters.ToRequest(new ImageSettingsOptions { Inputs = inputs });
        return request with
        {
            Inpainting = image?.Inpainting,
            Upscale = request.Upscale is { } upscale
                ? upscale with { Upscaler = HiresFields.Upscaler(parameters.HiresUpscaler) }
                : null,
        };
    }

    private ApiOptions ReadOptions(FieldReader fields)
    {
        ApiOptions read = options;
        // SD.Next's field.
        if (fields.Integer(ClipSkip, 1, ApiOptions.MostClipSkip) is { } layer) read = read with { ClipSkip = layer };
        JsonElement? overrides = fields.Any(Overrides);
        return overrides is { } given ? read.With(new FieldReader(given, Overrides), models) : read;
    }

    private void CheckSize(FieldReader fields, WebUIParameters parameters, int batch, int iterations)
    {
        if ((long)batch * iterations > limits.MaximumImages)
            fields.Add("n_iter", $"{batch} x {iterations} images; expected at most {limits.MaximumImages}.");
        if (parameters is { Width: { } width, Height: { } height } && !_output.Allows(width, height))
            fields.Add("width", _output.Refusal(width, height));
    }

    private void CheckSecondPass(FieldReader fields, LatentUpscaling? upscale)
    {
        if (upscale is null || _output.Allows(upscale.Width, upscale.Height)) return;
        fields.Add("hr_scale", _output.Refusal(upscale.Width, upscale.Height));
        fields.ThrowIfInvalid();
    }
}
