namespace LatentDiffusion.Models;

/// <summary>Makes denoisers of the transformers of Chroma.</summary>
public static class ChromaDenoiser
{
    /// <summary>A network as a denoiser of latents with a quarter of the channels of its tokens.</summary>
    /// <param name="network">The network, which the denoiser owns.</param>
    public static TransformerDenoiser Create(ChromaTransformer2DModel network)
    {
        ArgumentNullException.ThrowIfNull(network);
        const int PatchSize = 2;
        ChromaTransformerConfig config = network.Config;
        var tokens = new TokenInput(PatchSize);
        var description = new DenoiserDescription
        {
            ModelName = "Chroma",
            LatentChannels = config.InChannels / (PatchSize * PatchSize),
            OutputChannels = (config.OutChannels ?? config.InChannels) / (PatchSize * PatchSize),
            PatchSize = PatchSize,
            TextWidth = config.JointAttentionDim,
            // It adds the mask to the logits, as it was trained: tokens outside the mask count less, and not nothing.
            ReadsMask = true,
        };
        return new TransformerDenoiser(network, description, new TransformerDenoiser.Adapter(
            config.Width,
            (input, type) => tokens.Latents(network.call(tokens.Pack(input, type, guidance: null)), input.Latents),
            () => Create(network.Copy(layers => new ChromaTransformer2DModel(config, layers)))));
    }
}
