using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>Makes what transformers of the FLUX families read, from latents, and latents from what they predict.</summary>
/// <param name="patchSize">Side in latents of the square patch of one token.</param>
internal sealed class TokenInput(int patchSize)
{
    /// <summary>Timesteps are noise levels times this.</summary>
    public const double TrainingTimesteps = 1000;

    private readonly LatentTokens _tokens = new(patchSize);

    /// <summary>The network's input. Its tensors belong to the dispose scope.</summary>
    /// <param name="input">Input of the denoiser.</param>
    /// <param name="type">Type that the network computes in.</param>
    /// <param name="guidance">The guidance scale where the input has none; null for networks that read none.</param>
    /// <exception cref="ArgumentException">The conditioning lacks what the network reads.</exception>
    public TransformerInput Pack(DenoiserInput input, ScalarType type, double? guidance)
    {
        Tensor latents = input.Latents;
        Conditioning text = input.Conditioning;
        Tensor[] references = [.. input.ReferenceLatents ?? []];
        Tensor tokens = cat([_tokens.Pack(latents), .. references.Select(_tokens.Pack)], 1);
        return new TransformerInput(
            tokens.to(type), Numbers(input.Timesteps, latents).Divide(TrainingTimesteps), text.HiddenStates.to(type), Grid(latents))
        {
            References = [.. references.Select(Grid)],
            Pooled = text.Pooled?.to(type),
            Mask = text.Mask,
            Guidance = guidance is { } scale ? Numbers(input.GuidanceScales ?? [scale], latents) : null,
        };
    }

    /// <summary>The latents of predicted tokens, of which those of reference images are left out.</summary>
    /// <param name="predicted">[batch, tokens, channels].</param>
    /// <param name="latents">The latents of the input.</param>
    public Tensor Latents(Tensor predicted, Tensor latents) =>
        _tokens.Unpack(predicted.narrow(1, 0, Grid(latents).Count), latents.shape[2], latents.shape[3]);

    /// <summary>A number for each sample, [batch], float32.</summary>
    /// <param name="values">One for each sample, or one for all.</param>
    /// <param name="latents">The latents.</param>
    public static Tensor Numbers(IReadOnlyList<double> values, Tensor latents) =>
        tensor(values.Select(v => (float)v).ToArray(), device: latents.device).expand(latents.shape[0]);

    private TokenGrid Grid(Tensor latents) => new(latents.shape[2] / patchSize, latents.shape[3] / patchSize);
}
