namespace LatentDiffusion;

/// <summary>
/// About how many bytes a generation needs beyond the weights: its images and latents, and the larger of what an evaluation of the
/// U-Net and decoding take. Components that do not say what they need count as nothing.
/// </summary>
internal static class GenerationMemory
{
    private const int BytesPerPixel = 3;

    public static long Estimate(IReadOnlyList<GenerationRequest> requests, PipelineComponents parts)
    {
        GenerationRequest request = requests[0];
        (long width, long height) = request.Upscale is { } upscale
            ? (upscale.Width, upscale.Height)
            : (request.Width!.Value, request.Height!.Value);
        long images = requests.Sum(r => (long)r.Count), batch = Math.Min(images, parts.Options.BatchSize);
        long factor = parts.Autoencoder.DownsamplingFactor, pixels = width * height, latentPixels = pixels / (factor * factor);
        long kept = images * (pixels * BytesPerPixel + latentPixels * parts.Autoencoder.LatentChannels * sizeof(float));
        long predictions = batch * (parts.NeedsNegative(request) ? 2 : 1);
        long evaluated = parts.Denoiser.WorkingBytes(predictions, latentPixels)
            + parts.Features.Sum(f => f.WorkingBytes(predictions, latentPixels));
        long decoded = parts.Autoencoder.WorkingBytes(batch, pixels);
        return kept + Math.Max(evaluated, decoded);
    }
}
