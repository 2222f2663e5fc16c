namespace LatentDiffusion.Models;

/// <summary>Makes denoisers of the transformers of FLUX.2.</summary>
public static class Flux2Denoiser
{
    /// <summary>The guidance scale of FLUX.2 dev where none is given.</summary>
    internal const double DefaultGuidanceScale = 4;

    /// <summary>A network as a denoiser of latents whose patches are channels already, with or without reference images.</summary>
    /// <param name="network">The network, which the denoiser owns.</param>
    public static TransformerDenoiser Create(Flux2Transformer2DModel network)
    {
        ArgumentNullException.ThrowIfNull(network);
        Flux2TransformerConfig config = network.Config;
        var tokens = new TokenInput(patchSize: 1);
        double? guidance = config.GuidanceEmbeds ? DefaultGuidanceScale : null;
        var description = new DenoiserDescription
        {
            ModelName = "FLUX.2",
            LatentChannels = config.InChannels,
            OutputChannels = config.OutChannels ?? config.InChannels,
            TextWidth = config.JointAttentionDim,
            ReadsGuidanceScale = config.GuidanceEmbeds,
            ReadsReferenceLatents = true,
        };
        return new TransformerDenoiser(network, description, new TransformerDenoiser.Adapter(
            config.Width,
            (input, type) => tokens.Latents(network.call(tokens.Pack(input, type, guidance)), input.Latents),
            () => Create(network.Copy(layers => new Flux2Transformer2DModel(config, layers)))));
    }
}
