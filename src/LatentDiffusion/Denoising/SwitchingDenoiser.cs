using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Two denoisers, each for noise levels of its own (Balaji et al. 2022, section 4).</summary>
/// <param name="early">For timesteps from the boundary on.</param>
/// <param name="late">For those below it.</param>
/// <param name="lateText">What <paramref name="late"/> is conditioned on.</param>
/// <param name="boundary">A timestep.</param>
internal sealed class SwitchingDenoiser(IDenoiser early, IDenoiser late, Conditioning lateText, double boundary) : IDenoiser
{
    public int InChannels => early.InChannels;

    public SizeConditioning SizeConditioning => early.SizeConditioning;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) =>
        timestep >= boundary ? early.Predict(latents, timestep, conditioning) : late.Predict(latents, timestep, lateText);
}
