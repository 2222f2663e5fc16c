using System.Globalization;

namespace LatentDiffusion.Metadata;

/// <summary>Texts of Stable Diffusion web UI and its followers.</summary>
internal sealed class WebUISettings : SettingsReader
{
    public const string Key = "parameters";

    private const string ProgramName = "Stable Diffusion web UI", EtaDdim = "Eta DDIM", Latent = "Latent";

    /// <summary>Latents of the autoencoders that the web UI knows are a multiple of this smaller.</summary>
    private const int Downsampling = 8;

    public override bool Recognises(IReadOnlyDictionary<string, string> texts) => texts.ContainsKey(Key);

    public override ImageSettings Read(IReadOnlyDictionary<string, string> texts, ImageSettingsOptions options)
    {
        WebUIParameters parameters = WebUIParameters.Parse(texts[Key]);
        GenerationRequest request = ToRequest(parameters, options);
        return new ImageSettings
        {
            Program = ProgramName, Request = request, Model = parameters.Model, ModelHash = parameters.ModelHash,
            Autoencoder = parameters.Vae, ClipSkip = parameters.ClipSkip, Loras = [.. Loras(parameters, request)],
            Other = Others(parameters, request, options),
        };
    }

    /// <summary>The request that the parameters describe.</summary>
    public static GenerationRequest ToRequest(WebUIParameters parameters, ImageSettingsOptions options)
    {
        bool hasOwn = parameters.Other.ContainsKey(NativeEntry.Key);
        var request = new GenerationRequest
        {
            Prompt = parameters.Prompt, NegativePrompt = parameters.NegativePrompt, Seed = parameters.Seed, Steps = parameters.Steps,
            GuidanceScale = parameters.CfgScale, Width = parameters.Width, Height = parameters.Height,
            VariationSeed = parameters.VariationSeed,
            VariationStrength = parameters.VariationSeed is null ? null : parameters.VariationSeedStrength,
            // What this library wrote says whether the pipeline's scheduler is meant.
            SchedulerName = Scheduler(
                parameters.Sampler, parameters.ScheduleType, hasOwn ? options with { KeepUnknownSampler = true } : options),
            Upscale = Upscale(parameters),
        };
        if (Eta(parameters) is { } eta && TakesEta(request)) request = request with { Eta = eta };
        bool isFromImage = request.Upscale is null && parameters.DenoisingStrength > 0 && !hasOwn;
        if (isFromImage) request = WithInitialImage(request, parameters.DenoisingStrength!.Value, options);
        if (request.Mask is not null && parameters.MaskBlur is > 0 and <= int.MaxValue and var blur)
            request = request with { Inpainting = new InpaintingOptions { MaskBlur = (int)blur } };
        return hasOwn ? NativeEntry.Read(request, parameters.Other[NativeEntry.Key], options.Inputs) : request;
    }

    /// <summary>The parameters of a complete request, without what only the pipeline knows.</summary>
    /// <param name="request">The request.</param>
    /// <param name="sampler">The pipeline's sampler.</param>
    public static WebUIParameters FromRequest(GenerationRequest request, SamplerName sampler)
    {
        var parameters = new WebUIParameters
        {
            Prompt = request.Prompt, NegativePrompt = request.NegativePrompt, Steps = request.Steps, Sampler = sampler.Sampler,
            ScheduleType = sampler.Schedule, CfgScale = request.GuidanceScale, Seed = request.Seed,
            Width = request.Width, Height = request.Height,
            VariationSeed = request.VariationSeed, VariationSeedStrength = request.VariationStrength,
            DenoisingStrength = request.Upscale?.Strength ?? request.Strength, Eta = request.Eta,
            MaskBlur = request.Inpainting is { MaskBlur: > 0 and var blur } ? blur : null,
        };
        if (request.Upscale is not { } upscale) return parameters;
        bool isFactor = (long)upscale.Width * request.Height!.Value == (long)upscale.Height * request.Width!.Value
            && upscale.Width % Downsampling == 0 && upscale.Height % Downsampling == 0;
        string upscaler = upscale.Upscaler ?? Latent;
        parameters = parameters with { HiresSteps = upscale.Steps };
        return isFactor
            ? parameters with { HiresUpscaler = upscaler, HiresUpscale = (double)upscale.Width / request.Width }
            : parameters with { HiresUpscaler = upscaler, HiresWidth = upscale.Width, HiresHeight = upscale.Height };
    }

    private static LatentUpscaling? Upscale(WebUIParameters parameters)
    {
        if (parameters is not { Width: > 0 and var width, Height: > 0 and var height }) return null;
        (double x, double y) = parameters switch
        {
            { HiresWidth: > 0 and var w, HiresHeight: > 0 and var h } => (w, h),
            { HiresWidth: > 0 and var w } => (w, (double)w * height / width),
            { HiresHeight: > 0 and var h } => ((double)h * width / height, h),
            { HiresUpscale: > 0 and var factor } => (Latents(width * factor), Latents(height * factor)),
            _ => (0d, 0d),
        };
        if (x < 1 || y < 1 || x > int.MaxValue || y > int.MaxValue) return null;
        var upscaling = new LatentUpscaling
        {
            Width = (int)x, Height = (int)y, Steps = parameters.HiresSteps is > 0 and var steps ? steps : null,
        };
        return parameters.DenoisingStrength is { } strength ? upscaling with { Strength = strength } : upscaling;

        static double Latents(double pixels) => Math.Floor(pixels / Downsampling) * Downsampling;
    }

    private static double? Eta(WebUIParameters parameters) => parameters.Eta
        ?? (double.TryParse(parameters.Other.GetValueOrDefault(EtaDdim), NumberStyles.Float, CultureInfo.InvariantCulture, out double eta)
            ? eta
            : null);

    // Ancestral samplers have another η, which is 1 here.
    private static bool TakesEta(GenerationRequest request) => request.SchedulerName is { } name
        && (name.StartsWith(KnownSchedulers.Ddim.Name, StringComparison.Ordinal)
            || name.StartsWith(KnownSchedulers.Tcd.Name, StringComparison.Ordinal));

    private static IEnumerable<LoraReference> Loras(WebUIParameters parameters, GenerationRequest request) =>
        PromptLora.Readable(request.Prompt).Concat(PromptLora.Readable(request.NegativePrompt)).Select(lora =>
            new LoraReference(lora.Name, lora.Scale) { Hash = parameters.LoraHashes.GetValueOrDefault(lora.Name), IsInPrompt = true });

    private static Dictionary<string, string> Others(WebUIParameters parameters, GenerationRequest request, ImageSettingsOptions options)
    {
        string?[] carried =
        [
            "Steps", "CFG scale", "Seed", "Size", "Model", "Model hash", "VAE", "Clip skip", "Variation seed", "Variation seed strength",
            request.SchedulerName is null ? null : "Sampler", request.SchedulerName is null ? null : "Schedule type",
            request.Eta is null ? null : "Eta", request.Eta is null ? null : EtaDdim,
            request.Upscale is null && request.Strength is null ? null : "Denoising strength",
            request.Inpainting is null ? null : "Mask blur",
            request.Upscale is null ? null : "Hires upscale", request.Upscale is null ? null : "Hires resize",
            request.Upscale is null ? null : "Hires steps",
            request.Upscale is null || parameters.HiresUpscaler != Latent ? null : "Hires upscaler",
            NativeEntry.Key,
        ];
        return WebUIField.All.Select(field => (field.Key, Value: field.Write(parameters)!))
            .Where(entry => entry.Value is not null)
            .Concat(parameters.Other.Select(o => (o.Key, o.Value)))
            .Where(entry => !carried.Contains(entry.Key))
            .ToDictionary(entry => entry.Key, entry => entry.Value);
    }
}
