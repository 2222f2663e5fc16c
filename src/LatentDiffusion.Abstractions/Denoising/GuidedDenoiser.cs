namespace LatentDiffusion;

/// <summary>Evaluates a denoiser under guidance. State from one step to the next, such as momentum, belongs to it.</summary>
/// <param name="input">Latents, timesteps and the conditioning of the prompt.</param>
/// <returns>New tensors, which are the caller's or of the caller's dispose scope.</returns>
public delegate GuidedPrediction GuidedDenoiser(DenoiserInput input);
