namespace LatentDiffusion;

/// <summary>Where one run evaluates the denoiser.</summary>
/// <param name="Timesteps">The timestep of each evaluation, in order.</param>
/// <param name="Sigmas">The noise level of each evaluation and, one longer, the level that the last step reaches.</param>
internal sealed record SamplingGrid(double[] Timesteps, double[] Sigmas);
