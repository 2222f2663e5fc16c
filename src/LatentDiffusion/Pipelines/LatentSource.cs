using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// What the latents of a generation come from: noise alone, or a picture, some of which may be kept. The picture is
/// encoded once for all that a request asks for.
/// </summary>
internal sealed class LatentSource
{
    private LatentDistribution? _picture, _masked;
    private Tensor? _mask;
    private bool _noiseAlone = true;

    private LatentSource()
    {
    }

    /// <summary>The source of a request that is complete. Its tensors belong to the caller's dispose scope.</summary>
    public static LatentSource Of(GenerationRequest request, PipelineParts parts, CancellationToken cancellationToken)
    {
        if (request.InitialImage is null) return new LatentSource();
        using IDisposable there = parts.Residency.Bring(cancellationToken, parts.Autoencoder);
        (int width, int height) = (request.Width!.Value, request.Height!.Value);
        Tensor pixels = ImageTensor.FromImage(request.InitialImage.Resize(width, height)).to(parts.Device);
        if (request.Mask is null) return new LatentSource { _noiseAlone = false, _picture = parts.Autoencoder.Encode(pixels, cancellationToken) };

        bool noiseAlone = request.Strength == 1, seen = StartRules.SeesMask(parts);
        int factor = parts.Autoencoder.DownsamplingFactor;
        Tensor mask = RepaintMask.ToTensor(request.Mask.Resize(width, height)).to(parts.Device);
        return new LatentSource
        {
            _noiseAlone = noiseAlone,
            _picture = noiseAlone && seen ? null : parts.Autoencoder.Encode(pixels, cancellationToken),
            _masked = seen ? parts.Autoencoder.Encode(pixels * (1 - mask), cancellationToken) : null,
            // The nearest pixel's, as models for inpainting are published with.
            _mask = mask.slice(2, 0, height, factor).slice(3, 0, width, factor).contiguous(),
        };
    }

    /// <summary>Latents of a batch at the size of a request.</summary>
    public static LatentSource Enlarged(Tensor latents, GenerationRequest request, PipelineParts parts)
    {
        int factor = parts.Autoencoder.DownsamplingFactor;
        long[] size = [request.Height!.Value / factor, request.Width!.Value / factor];
        return new LatentSource
        {
            _noiseAlone = false, _picture = new LatentDistribution(nn.functional.interpolate(latents, size, mode: InterpolationMode.Bilinear, align_corners: false)),
        };
    }

    /// <summary>
    /// Starts a batch. Draws in the order of diffusers (the picture's latents, noise, the masked picture's latents), so that
    /// a seed is the same picture there.
    /// </summary>
    /// <param name="run">The scheduler's, where it begins.</param>
    /// <param name="noise">The batch's.</param>
    /// <param name="like">Shape, type and device of the latents.</param>
    public LatentStart Start(ISchedulerRun run, INoiseSource noise, Tensor like)
    {
        long count = like.shape[0];
        Tensor? picture = _picture is null ? null : Draw(_picture, noise, count);
        Tensor drawn = noise.NextLike(like);
        Tensor latents = _noiseAlone ? drawn * run.InitialNoiseSigma : run.AddNoise(picture!, drawn);
        if (_mask is null) return new LatentStart(latents);
        if (_masked is not null) return new LatentStart(latents) { Beside = cat([_mask.expand(count, -1, -1, -1), Draw(_masked, noise, count)], 1) };

        // diffusers draws the masked picture's latents even where nothing looks at them, which moves the noise of stochastic steps.
        if (_picture!.StandardDeviation is not null) noise.NextLike(like).Dispose();
        return new LatentStart(latents) { Kept = new KeptLatents(picture!, drawn, _mask) };
    }

    private static Tensor Draw(LatentDistribution one, INoiseSource noise, long count) =>
        new LatentDistribution(one.Mean.expand(count, -1, -1, -1), one.StandardDeviation?.expand(count, -1, -1, -1)).Sample(noise);
}
