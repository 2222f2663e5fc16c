using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Makes denoisers of the transformers of Z-Image.</summary>
public static class ZImageDenoiser
{
    /// <summary>A network as a denoiser. Tokens that the mask of the conditioning leaves out are not read.</summary>
    /// <param name="network">The network, which the denoiser owns.</param>
    public static TransformerDenoiser Create(ZImageTransformer2DModel network)
    {
        ArgumentNullException.ThrowIfNull(network);
        ZImageTransformerConfig config = network.Config;
        var description = new DenoiserDescription
        {
            ModelName = "Z-Image",
            LatentChannels = config.InChannels, PatchSize = config.AllPatchSize[0], TextWidth = config.CapFeatDim,
            IgnoresMaskedTokens = true,
        };
        return new TransformerDenoiser(network, description, new TransformerDenoiser.Adapter(
            config.Dim,
            (input, type) => Predict(network, input, type),
            () => Create(network.Copy(layers => new ZImageTransformer2DModel(config, layers)))));
    }

    private static Tensor Predict(ZImageTransformer2DModel network, DenoiserInput input, ScalarType type)
    {
        // [batch, channels, 1, height, width]
        Tensor latents = input.Latents.to(type).unsqueeze(2), text = input.Conditioning.HiddenStates.to(type);
        int batch = (int)latents.shape[0];
        // Time runs from noise to image, and so does the predicted velocity.
        Tensor times = TokenInput.Numbers(input.Timesteps, input.Latents).Divide(TokenInput.TrainingTimesteps).SubtractFrom(1);
        var samples = Enumerable.Range(0, batch);
        IReadOnlyList<Tensor> predicted = network.call(new ZImageInput(
            [.. samples.Select(i => latents[i])], times, [.. samples.Select(i => Caption(text[i], input.Conditioning.Mask?[i]))]));
        return stack([.. predicted]).squeeze(2).neg();
    }

    private static Tensor Caption(Tensor hiddenStates, Tensor? mask) =>
        mask is null ? hiddenStates : hiddenStates[mask.to(ScalarType.Bool)];
}
