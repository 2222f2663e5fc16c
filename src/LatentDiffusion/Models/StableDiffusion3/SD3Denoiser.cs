using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The transformer of Stable Diffusion 3 and 3.5 as a denoiser.</summary>
public static class SD3Denoiser
{
    /// <summary>A network as a denoiser of its latents, which can skip blocks.</summary>
    /// <param name="network">The network, which the denoiser owns.</param>
    public static TransformerDenoiser Create(SD3Transformer2DModel network)
    {
        ArgumentNullException.ThrowIfNull(network);
        SD3TransformerConfig config = network.Config;
        IReadOnlyList<string> blocks = network.BlockPaths;
        var description = new DenoiserDescription
        {
            ModelName = "Stable Diffusion 3",
            LatentChannels = config.InChannels,
            OutputChannels = config.OutChannels,
            PatchSize = config.PatchSize,
            TextWidth = config.JointAttentionDim,
            PooledWidth = config.PooledProjectionDim,
            SkippableLayers = blocks,
        };
        return new TransformerDenoiser(network, description, new TransformerDenoiser.Adapter(
            config.Width, (input, type) => network.call(Input(input, type, blocks)),
            () => Create(network.Copy(layers => new SD3Transformer2DModel(config, layers)))));
    }

    private static SD3TransformerInput Input(DenoiserInput input, ScalarType type, IReadOnlyList<string> blocks)
    {
        Conditioning text = input.Conditioning;
        Tensor pooled = text.Pooled
            ?? throw new ArgumentException("The conditioning has no pooled text, which Stable Diffusion 3 reads.", nameof(input));
        Tensor times = tensor(input.Timesteps.Select(t => (float)t).ToArray(), device: input.Latents.device);
        return new SD3TransformerInput(input.Latents.to(type), times, text.HiddenStates.to(type), pooled.to(type))
        {
            SkippedBlocks = [.. blocks.Index().Where(block => input.SkippedLayers.Contains(block.Item)).Select(block => block.Index)],
        };
    }
}
