using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// What the latents of a generation come from: noise alone, or an image, some of which may be kept. The image is
/// encoded once for all that a request asks for.
/// </summary>
internal sealed class LatentInitializer
{
    private LatentDistribution? _image, _masked;
    private Tensor? _mask, _enlarged;
    private bool _noiseAlone;

    private LatentInitializer()
    {
    }

    /// <summary>The source of a request that is complete. Its tensors belong to the caller's dispose scope.</summary>
    public static LatentInitializer Of(GenerationRequest request, PipelineComponents parts, CancellationToken cancellationToken)
    {
        if (request.InitialImage is null) return new LatentInitializer { _noiseAlone = true };
        if (request.Mask is not null) return Repainting(request, parts, noiseAlone: request.Strength == 1, cancellationToken);
        using IDisposable there = parts.Residency.Load(cancellationToken, parts.Autoencoder);
        cancellationToken.ThrowIfCancellationRequested();
        return new LatentInitializer { _image = parts.Autoencoder.Encode(Pixels(request, parts), cancellationToken) };
    }

    /// <summary>What a second pass has besides latents, to be <see cref="Upscaled"/>: the image of which some stays.</summary>
    public static LatentInitializer OfSecondPass(
        GenerationRequest request, PipelineComponents parts, CancellationToken cancellationToken) =>
        request.Mask is null
            ? new LatentInitializer()
            : Repainting(request, parts, StartValidator.IsInpaintingModel(parts), cancellationToken);

    /// <summary>The same, starting from latents of a batch brought to the size of a request.</summary>
    public LatentInitializer Upscaled(Tensor latents, GenerationRequest request, PipelineComponents parts)
    {
        int factor = parts.Autoencoder.DownsamplingFactor;
        long[] size = [request.Height!.Value / factor, request.Width!.Value / factor];
        return new LatentInitializer
        {
            _image = _image, _masked = _masked, _mask = _mask,
            _enlarged = nn.functional.interpolate(latents, size, mode: InterpolationMode.Bilinear, align_corners: false),
        };
    }

    /// <summary>
    /// Starts images. Draws in the order of diffusers (the image's latents, noise, the masked image's latents), so that
    /// a seed is the same image there.
    /// </summary>
    /// <param name="run">The scheduler's, where it begins.</param>
    /// <param name="noise">Theirs.</param>
    /// <param name="like">Shape, type and device of the latents.</param>
    public InitialLatents Start(ISchedulerRun run, INoiseSource noise, Tensor like)
    {
        long count = like.shape[0];
        Tensor? image = _image is null ? null : Draw(_image, noise, count);
        Tensor drawn = noise.NextLike(like);
        Tensor latents = _noiseAlone ? drawn.Multiply(run.InitialNoiseSigma) : run.AddNoise(Clean(image), drawn);
        if (_mask is null) return new InitialLatents(latents);
        if (_masked is not null)
        {
            Tensor[] read = [_mask.expand(count, -1, -1, -1), Draw(_masked, noise, count)];
            return new InitialLatents(latents) { ConcatenatedLatents = cat(read, 1) };
        }

        // diffusers draws the masked image's latents even where nothing looks at them, which moves the noise of stochastic steps.
        if (_image!.StandardDeviation is not null) noise.NextLike(like).Dispose();
        return new InitialLatents(latents) { Kept = new PreservedRegion(image!, drawn, _mask) };
    }

    /// <summary>What noise is added to: latents before, with the image's where they stay, or else the image's.</summary>
    private Tensor Clean(Tensor? image) => _enlarged is null ? image!
        : _mask is null || image is null ? _enlarged
        : where(_mask.to(ScalarType.Bool), _enlarged, image);

    /// <param name="request">Complete, with image and mask.</param>
    /// <param name="parts">What the pipeline is made of.</param>
    /// <param name="noiseAlone">Whether nothing is begun from the image itself.</param>
    /// <param name="cancellationToken">Checked before each evaluation of the autoencoder.</param>
    private static LatentInitializer Repainting(
        GenerationRequest request, PipelineComponents parts, bool noiseAlone, CancellationToken cancellationToken)
    {
        using IDisposable there = parts.Residency.Load(cancellationToken, parts.Autoencoder);
        bool seen = StartValidator.IsInpaintingModel(parts);
        (int width, int height) = (request.Width!.Value, request.Height!.Value);
        int factor = parts.Autoencoder.DownsamplingFactor;
        Tensor pixels = Pixels(request, parts), mask = RepaintMask.ToTensor(request.Mask!.Resize(width, height)).to(parts.Device);
        return new LatentInitializer
        {
            _noiseAlone = noiseAlone,
            _image = noiseAlone && seen ? null : Encoded(pixels),
            _masked = seen ? Encoded(pixels * mask.SubtractFrom(1)) : null,
            // The nearest pixel's, as models for inpainting are published with.
            _mask = mask.slice(2, 0, height, factor).slice(3, 0, width, factor).contiguous(),
        };

        LatentDistribution Encoded(Tensor image)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return parts.Autoencoder.Encode(image, cancellationToken);
        }
    }

    private static Tensor Pixels(GenerationRequest request, PipelineComponents parts) =>
        ImageTensor.FromImage(request.InitialImage!.Resize(request.Width!.Value, request.Height!.Value)).to(parts.Device);

    private static Tensor Draw(LatentDistribution one, INoiseSource noise, long count) =>
        new LatentDistribution(one.Mean.expand(count, -1, -1, -1), one.StandardDeviation?.expand(count, -1, -1, -1)).Sample(noise);
}
