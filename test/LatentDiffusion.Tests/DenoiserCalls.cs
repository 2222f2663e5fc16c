using static TorchSharp.torch;

namespace LatentDiffusion.Tests;

/// <summary>Evaluations of a denoiser with nothing but latents, a timestep and a text.</summary>
internal static class DenoiserCalls
{
    public static Tensor Predict(this IDenoiser denoiser, Tensor latents, double timestep, Conditioning conditioning) =>
        denoiser.Predict(Input(latents, timestep, conditioning));

    public static DenoiserInput Input(Tensor latents, double timestep, Conditioning conditioning) =>
        new() { Latents = latents, Timesteps = [timestep], Conditioning = conditioning };
}
