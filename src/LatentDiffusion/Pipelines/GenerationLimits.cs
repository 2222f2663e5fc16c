namespace LatentDiffusion;

/// <summary>Refuses requests beyond the limits of the pipeline's options, before anything is computed.</summary>
internal static class GenerationLimits
{
    /// <param name="requests">Complete; generated together.</param>
    /// <param name="components">Components of the pipeline.</param>
    /// <exception cref="GenerationLimitException">They exceed a limit; the message names it.</exception>
    public static void Check(IReadOnlyList<GenerationRequest> requests, PipelineComponents components)
    {
        DiffusionPipelineOptions options = components.Options;
        long images = requests.Sum(r => (long)r.ImageCount);
        if (images > options.MaximumImages)
        {
            throw new GenerationLimitException(
                nameof(options.MaximumImages), images, options.MaximumImages,
                $"{images} images are requested; MaximumImages is {options.MaximumImages}.");
        }

        foreach ((int width, int height) in requests.SelectMany(Sizes))
        {
            long pixels = (long)width * height;
            if (pixels > options.MaximumPixels)
            {
                throw new GenerationLimitException(
                    nameof(options.MaximumPixels), pixels, options.MaximumPixels.Value,
                    $"Images of {width} x {height} have {pixels} pixels; MaximumPixels is {options.MaximumPixels}.");
            }
        }

        if (options.MaximumMemory is not { } most) return;
        long memory = GenerationMemory.Estimate(requests, components);
        if (memory > most)
        {
            throw new GenerationLimitException(
                nameof(options.MaximumMemory), memory, most, $"The request needs about {memory} bytes; MaximumMemory is {most}.");
        }
    }

    /// <summary>Of the images that are generated, and of those that a request brings.</summary>
    private static IEnumerable<(int Width, int Height)> Sizes(GenerationRequest request)
    {
        yield return (request.Width!.Value, request.Height!.Value);
        if (request.Upscale is { } upscale) yield return (upscale.Width, upscale.Height);
        if (request.FinalUpscale is { } final) yield return (final.Width!.Value, final.Height!.Value);
        ImageBuffer?[] given =
        [
            request.InitialImage, request.Mask, .. request.ReferenceImages ?? [], .. request.ControlImages ?? [],
            .. request.AdapterImages ?? [],
            .. request.ImagePrompts?.SelectMany(prompt => (prompt.Images ?? []).Concat(prompt.Masks ?? [])) ?? [],
        ];
        foreach (ImageBuffer? image in given)
            if (image is not null) yield return (image.Width, image.Height);
    }
}
