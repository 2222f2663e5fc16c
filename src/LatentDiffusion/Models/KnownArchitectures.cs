using System.Globalization;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The names that the Stability AI Model Metadata Standard and its users have for the architectures of denoisers.</summary>
internal static class KnownArchitectures
{
    /// <summary>Follows the architecture of LoRA files.</summary>
    public const string Lora = "/lora";

    /// <summary>The specification of what is written for a model with some networks.</summary>
    /// <param name="networks">The networks, a denoiser among them or not.</param>
    /// <param name="suffix">After the architecture; empty for a model.</param>
    /// <param name="given">Values to use in place of these; null for none.</param>
    public static ModelSpec Describe(IEnumerable<nn.Module> networks, string suffix = "", ModelSpec? given = null)
    {
        string? name = networks.Select(Name).FirstOrDefault(n => n is not null);
        ModelSpec spec = given ?? new ModelSpec();
        return spec with
        {
            Architecture = spec.Architecture ?? (name is null ? null : name + suffix), Implementation = spec.Implementation ?? "diffusers",
        };
    }

    /// <summary>The specification of a denoiser that is written as a network of its own; null for other networks.</summary>
    /// <param name="network">The network.</param>
    /// <param name="components">The model that it is of.</param>
    public static ModelSpec? Describe(nn.Module network, ModelComponents components)
    {
        if (Name(network) is null) return null;
        return Describe([network]) with
        {
            Resolution = network is UNet2DConditionModel { Config.SampleSize: { } latents } ? Resolution(latents[0], components) : null,
            PredictionType = components.Scheduler.TrainedPrediction() switch
            {
                PredictionType.Epsilon => "epsilon",
                PredictionType.Velocity => "v",
                // The standard has no word for the others.
                _ => null,
            },
        };
    }

    private static string? Resolution(int latents, ModelComponents components)
    {
        AutoencoderKL? autoencoder = components.Networks.Select(n => n.Network).OfType<AutoencoderKL>().FirstOrDefault();
        if (autoencoder is null) return null;
        int side = latents << (autoencoder.Config.BlockOutChannels.Length - 1);
        return string.Create(CultureInfo.InvariantCulture, $"{side}x{side}");
    }

    private static string? Name(nn.Module network) => network switch
    {
        UNet2DConditionModel { Config.AdditionEmbedType: not null } => "stable-diffusion-xl-v1-base",
        UNet2DConditionModel unet when unet.Config.CrossAttentionDim[0] == 1024 => "stable-diffusion-v2-512",
        UNet2DConditionModel => "stable-diffusion-v1",
        SD3Transformer2DModel => "stable-diffusion-3",
        FluxTransformer2DModel => "flux-1-dev",
        Flux2Transformer2DModel => "flux-2-dev",
        ChromaTransformer2DModel => "chroma",
        ZImageTransformer2DModel => "z-image",
        _ => null,
    };
}
