namespace LatentDiffusion;

/// <summary>
/// Lets U-Nets that read the latents of an image next to the noisy ones edit an image as the prompt instructs (Brooks et al. 2023,
/// "InstructPix2Pix").
/// </summary>
/// <param name="edits">Whether the denoiser is such a U-Net.</param>
/// <param name="name">Name of the model, for messages.</param>
internal sealed class InstructPix2PixFeature(bool edits, string? name) : IPipelineFeature
{
    public static void AddTo(PipelineAssembly assembly)
    {
        DenoiserDescription denoiser = assembly.Denoiser.Description;
        bool edits = StartValidator.IsEditingModel(denoiser, assembly.Autoencoder);
        if (edits && assembly.Choices.Get<StepCachingOptions>() is not null)
        {
            throw new InvalidOperationException(
                "InstructPix2Pix models do not support step caching, because they are evaluated with and without the image.");
        }

        assembly.Features.Add(new InstructPix2PixFeature(edits, denoiser.ModelName));
    }

    public void Validate(GenerationRequest request, SamplingPlan plan)
    {
        const string Images = nameof(request.ReferenceImages);
        if (!edits)
        {
            RequestValidator.Check(
                request.ImageGuidanceScale is null, nameof(request.ImageGuidanceScale), request.ImageGuidanceScale,
                $"null, because {name ?? "the model"} is not an InstructPix2Pix model");
            return;
        }

        string given = request.ReferenceImages is { } images ? $"a list of {images.Count}" : "null";
        RequestValidator.Check(request.ReferenceImages is [_], Images, given, "a list of one image, which the model edits");
        RequestValidator.Check(request.ReferenceImages![0] is not null, $"{Images}[0]", "null", "an image");
        // The model reads the whole image; passes over an area have only a part of it.
        RequestValidator.Check(
            request.Inpainting?.MaskPadding is null, $"{nameof(request.Inpainting)}.{nameof(InpaintingOptions.MaskPadding)}",
            request.Inpainting?.MaskPadding, "null, because the model edits the whole image");
    }

    public IFeatureRun? Begin(GenerationContext generation, PipelineComponents components) =>
        edits ? new InstructPix2PixRun(generation, components) : null;
}
