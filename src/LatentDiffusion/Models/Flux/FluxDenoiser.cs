namespace LatentDiffusion.Models;

/// <summary>Makes denoisers of the transformers of FLUX.1.</summary>
public static class FluxDenoiser
{
    /// <summary>Side in latents of the square patch of one token.</summary>
    internal const int PatchSize = 2;

    /// <summary>The guidance scale of FLUX.1 dev where none is given.</summary>
    internal const double DefaultGuidanceScale = 3.5;

    /// <summary>A network as a denoiser of latents with a quarter of the channels of its tokens.</summary>
    /// <param name="network">The network, which the denoiser owns.</param>
    public static TransformerDenoiser Create(FluxTransformer2DModel network)
    {
        ArgumentNullException.ThrowIfNull(network);
        FluxTransformerConfig config = network.Config;
        var tokens = new TokenInput(PatchSize);
        double? guidance = config.GuidanceEmbeds ? DefaultGuidanceScale : null;
        var description = new DenoiserDescription
        {
            ModelName = "FLUX.1",
            LatentChannels = config.InChannels / (PatchSize * PatchSize),
            OutputChannels = (config.OutChannels ?? config.InChannels) / (PatchSize * PatchSize),
            PatchSize = PatchSize,
            TextWidth = config.JointAttentionDim,
            PooledWidth = config.PooledProjectionDim,
            ReadsGuidanceScale = config.GuidanceEmbeds,
        };
        return new TransformerDenoiser(network, description, new TransformerDenoiser.Adapter(
            config.Width,
            (input, type) => tokens.Latents(network.call(tokens.Pack(input, type, guidance)), input.Latents),
            () => Create(network.Copy(layers => new FluxTransformer2DModel(config, layers)))));
    }
}
