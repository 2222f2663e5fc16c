namespace LatentDiffusion;

/// <summary>Lets denoisers that read reference images edit those of a request.</summary>
internal sealed class ReferenceImageFeature(DenoiserDescription denoiser) : IPipelineFeature
{
    public static void AddTo(PipelineAssembly assembly)
    {
        DenoiserDescription denoiser = assembly.Denoiser.Description;
        // U-Nets that edit read their image in another way.
        if (!StartValidator.IsEditingModel(denoiser, assembly.Autoencoder)) assembly.Features.Add(new ReferenceImageFeature(denoiser));
    }

    public void Validate(GenerationRequest request, SamplingPlan plan)
    {
        const string Name = nameof(request.ReferenceImages);
        if (request.ReferenceImages is not { } images) return;
        RequestValidator.Check(
            denoiser.ReadsReferenceLatents, Name, $"a list of {images.Count}",
            $"null, because {denoiser.ModelName ?? "the model"} does not read reference images");
        RequestValidator.Check(images.Count > 0, Name, "empty", "at least one image, or null");
        for (int i = 0; i < images.Count; i++) Check(images[i], $"{Name}[{i}]");
    }

    public IFeatureRun? Begin(GenerationContext generation, PipelineComponents components) =>
        generation.Requests.All(request => request.ReferenceImages is null) ? null : new ReferenceImageRun(generation, components);

    private static void Check(ImageBuffer? image, string name)
    {
        RequestValidator.Check(image is not null, name, "null", "an image");
        (int least, int most) = (Math.Min(image!.Width, image.Height), Math.Max(image.Width, image.Height));
        string size = $"{image.Width} x {image.Height} pixels";
        RequestValidator.Check(
            least >= ReferenceImageSize.LeastSide, name, size, $"at least {ReferenceImageSize.LeastSide} pixels in each direction");
        RequestValidator.Check(
            most <= (long)ReferenceImageSize.MostAspect * least, name, size,
            $"a longer side of at most {ReferenceImageSize.MostAspect} times the shorter");
    }
}
