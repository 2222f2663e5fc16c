namespace LatentDiffusion;

/// <summary>
/// About how many bytes a generation needs beyond the weights: its images and latents, and the largest of what an evaluation of
/// the denoiser, decoding and encoding reference images take. Components that do not report their needs count as zero.
/// </summary>
internal static class GenerationMemory
{
    private const int BytesPerPixel = 3;

    public static long Estimate(IReadOnlyList<GenerationRequest> requests, PipelineComponents components)
    {
        GenerationRequest request = requests[0];
        (long width, long height) = request.Upscale is { } upscale
            ? (upscale.Width, upscale.Height)
            : (request.Width!.Value, request.Height!.Value);
        long images = requests.Sum(r => (long)r.ImageCount), batch = Math.Min(images, components.Options.BatchSize);
        long factor = components.Autoencoder.DownsamplingFactor, pixels = width * height, latentPixels = pixels / (factor * factor);
        long kept = images * (pixels * BytesPerPixel + latentPixels * components.Autoencoder.LatentChannels * sizeof(float));
        long predictions = batch * (components.NeedsNegative(request) ? 2 : 1);
        long[] references = [.. request.ReferenceImages?.Select(ReferencePixels) ?? []];
        // The denoiser reads their latents next to those of the image.
        long evaluated = components.Denoiser.WorkingBytes(predictions, latentPixels + references.Sum() / (factor * factor))
            + components.Features.Sum(f => f.WorkingBytes(predictions, latentPixels));
        long decoded = components.Autoencoder.WorkingBytes(batch, pixels);
        long encoded = references.Length == 0 ? 0 : components.Autoencoder.WorkingBytes(1, references.Max());
        long finished = components.Features.Max(f => requests.Max(f.FinishingBytes));
        return kept + requests.Sum(FinalPixels) * BytesPerPixel + new[] { evaluated, decoded, encoded, finished }.Max();

        static long FinalPixels(GenerationRequest one) =>
            one.FinalUpscale is { } final ? (long)one.ImageCount * final.Width!.Value * final.Height!.Value : 0;

        long ReferencePixels(ImageBuffer image)
        {
            (int imageWidth, int imageHeight) = ReferenceImageSize.Encoded(image, components.PixelsPerPatch);
            return (long)imageWidth * imageHeight;
        }
    }
}
