using System.Globalization;
using LatentDiffusion;
using LatentDiffusion.Metadata;

namespace StableDiffusion;

/// <summary>An image that supplies the prompt and settings that the command line leaves open.</summary>
/// <param name="File">PNG, JPEG or WebP.</param>
internal sealed record SourceImage(FileInfo File)
{
    public bool TakesNegativePrompt { get; init; }

    public bool TakesScheduler { get; init; }

    /// <summary>Whether a folder of LoRA files is given, which the prompt may name.</summary>
    public bool TakesLoras { get; init; }

    /// <summary>Fills in the image's settings, and lists those that a request does not contain.</summary>
    public (GenerationRequest Request, IReadOnlyList<string> Remarks) Complete(GenerationRequest given)
    {
        var options = new ImageSettingsOptions { Inputs = given, KeepUnknownSampler = !TakesScheduler };
        ImageSettings settings = ImageSettings.Read(System.IO.File.ReadAllBytes(File.FullName), options);
        GenerationRequest read = settings.Request;
        bool ownSteps = given.Steps is not null || given.Timesteps is not null || given.Sigmas is not null;
        GenerationRequest request = given with
        {
            Prompt = given.Prompt.Length > 0 ? given.Prompt : read.Prompt + string.Concat(Tags(settings)),
            NegativePrompt = TakesNegativePrompt ? read.NegativePrompt : given.NegativePrompt,
            Seed = given.Seed ?? read.Seed, VariationSeed = read.VariationSeed, VariationStrength = read.VariationStrength,
            Steps = ownSteps ? given.Steps : read.Steps,
            Timesteps = ownSteps ? given.Timesteps : read.Timesteps, Sigmas = ownSteps ? given.Sigmas : read.Sigmas,
            GuidanceScale = given.GuidanceScale ?? read.GuidanceScale,
            ImageGuidanceScale = given.ImageGuidanceScale ?? read.ImageGuidanceScale,
            Eta = given.Eta ?? read.Eta, Churn = given.Churn ?? read.Churn, Mu = given.Mu ?? read.Mu,
            Width = given.Width ?? read.Width, Height = given.Height ?? read.Height, Upscale = given.Upscale ?? read.Upscale,
            FinalUpscale = given.FinalUpscale ?? read.FinalUpscale,
            Strength = given.Strength ?? read.Strength, Inpainting = given.Inpainting ?? read.Inpainting,
            ControlWeights = given.ControlWeights ?? read.ControlWeights, AdapterWeights = given.AdapterWeights ?? read.AdapterWeights,
            IpAdapterWeights = given.IpAdapterWeights ?? read.IpAdapterWeights,
            SizeConditioningInput = read.SizeConditioningInput, NegativeSizeConditioningInput = read.NegativeSizeConditioningInput,
            SchedulerName = TakesScheduler ? read.SchedulerName : null,
        };
        return (request, [.. Remarks(settings)]);
    }

    private IEnumerable<string> Tags(ImageSettings settings) => TakesLoras
        ? settings.Loras.Where(lora => !lora.IsInPrompt)
            .Select(lora => string.Create(CultureInfo.InvariantCulture, $"<lora:{lora.Name}:{lora.Scale ?? 1}>"))
        : [];

    private IEnumerable<string> Remarks(ImageSettings settings)
    {
        yield return $"settings of {settings.Program}{(settings.Model is null ? "" : $", model {settings.Model}")}";
        if (settings.ClipSkip is { } layer) yield return $"clip skip {layer} (--clip-skip)";
        if (!TakesLoras && settings.Loras.Count > 0)
            yield return $"LoRAs {string.Join(", ", settings.Loras.Select(lora => lora.Name))} (--lora-folder)";
        string[] others = settings.Program == "LatentDiffusion" ? [] : [.. settings.Other.Select(o => $"{o.Key}: {o.Value}")];
        if (others.Length > 0) yield return $"not applied: {string.Join(", ", others)}";
    }
}
