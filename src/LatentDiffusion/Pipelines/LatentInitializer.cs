using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Source of a generation's latents: only noise, or an image, part of which may be preserved. The image is
/// encoded once for all that a request asks for.
/// </summary>
internal sealed class LatentInitializer
{
    private LatentDistribution? _image, _masked, _enlarged;
    private Tensor? _mask;
    private MaskedContent _content;
    private bool _noiseAlone;

    private LatentInitializer()
    {
    }

    /// <summary>The source of a request that is complete. Its tensors belong to the caller's dispose scope.</summary>
    public static LatentInitializer Create(GenerationRequest request, PipelineComponents components, CancellationToken cancellationToken)
    {
        if (request.InitialImage is null) return new LatentInitializer { _noiseAlone = true };
        if (request.Mask is not null)
        {
            MaskedContent content = request.Inpainting?.MaskedContent ?? MaskedContent.Original;
            bool noiseAlone = request.Strength == 1 && content == MaskedContent.Original;
            LatentInitializer repainting = Repainting(request, components, noiseAlone, cancellationToken);
            repainting._content = content;
            return repainting;
        }

        using IDisposable there = components.Offloader.Load(cancellationToken, components.Autoencoder);
        cancellationToken.ThrowIfCancellationRequested();
        Tensor pixels = RequestImage.Pixels(request, components);
        return new LatentInitializer { _image = components.Autoencoder.Encode(pixels, cancellationToken) };
    }

    /// <summary>Input of a second pass next to its latents, to be <see cref="Upscaled"/>: the partly preserved image.</summary>
    public static LatentInitializer ForSecondPass(
        GenerationRequest request, PipelineComponents components, CancellationToken cancellationToken) =>
        request.Mask is null
            ? new LatentInitializer()
            : Repainting(request, components, StartValidator.IsInpaintingModel(components), cancellationToken);

    /// <summary>The same, starting from latents that were brought to the size of the pass.</summary>
    public LatentInitializer Upscaled(LatentDistribution latents) =>
        new() { _image = _image, _masked = _masked, _mask = _mask, _enlarged = latents };

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
        Tensor? enlarged = _enlarged is null ? null : Draw(_enlarged, noise, count);
        Tensor drawn = noise.NextLike(like);
        Tensor latents = _noiseAlone ? drawn.Multiply(run.InitialNoiseSigma) : run.AddNoise(Clean(image, enlarged, drawn), drawn);
        if (_mask is null) return new InitialLatents(latents);
        if (_masked is not null)
        {
            Tensor[] read = [_mask.expand(count, -1, -1, -1), Draw(_masked, noise, count)];
            return new InitialLatents(latents) { ConcatenatedLatents = cat(read, 1) };
        }

        // diffusers draws the masked image's latents even where nothing looks at them, which moves the noise of stochastic steps.
        if (_image!.StandardDeviation is not null) noise.NextLike(like).Dispose();
        return new InitialLatents(latents) { PreservedRegion = new PreservedRegion(image!, drawn, _mask) };
    }

    /// <summary>
    /// The latents before noise: those of the first pass or masked content, with the image's where it is preserved, or else the image's.
    /// </summary>
    private Tensor Clean(Tensor? image, Tensor? enlarged, Tensor noise)
    {
        Tensor? content = enlarged ?? _content switch
        {
            MaskedContent.LatentNoise => noise,
            MaskedContent.LatentNothing => zeros_like(noise),
            _ => null,
        };
        if (content is null) return image!;
        return _mask is null || image is null ? content : where(_mask.to(ScalarType.Bool), content, image);
    }

    /// <param name="request">Complete, with image and mask.</param>
    /// <param name="components">Components of the pipeline.</param>
    /// <param name="noiseAlone">Whether nothing is begun from the image itself.</param>
    /// <param name="cancellationToken">Checked before each evaluation of the autoencoder.</param>
    private static LatentInitializer Repainting(
        GenerationRequest request, PipelineComponents components, bool noiseAlone, CancellationToken cancellationToken)
    {
        using IDisposable there = components.Offloader.Load(cancellationToken, components.Autoencoder);
        bool seen = StartValidator.IsInpaintingModel(components);
        (int width, int height) = (request.Width!.Value, request.Height!.Value);
        int factor = components.Autoencoder.DownsamplingFactor;
        Tensor pixels = RequestImage.Pixels(request, components), mask = RequestImage.Mask(request, components);
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
            return components.Autoencoder.Encode(image, cancellationToken);
        }
    }

    private static Tensor Draw(LatentDistribution one, INoiseSource noise, long count) =>
        new LatentDistribution(one.Mean.expand(count, -1, -1, -1), one.StandardDeviation?.expand(count, -1, -1, -1)).Sample(noise);
}
