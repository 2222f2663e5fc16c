namespace LatentDiffusion;

/// <summary>
/// A denoiser with the state of one generation: what does not change from one evaluation to the next is computed once.
/// Not safe for concurrent use. Disposing it releases that state and not the denoiser.
/// </summary>
public interface IDenoiserRun : IDenoiser, IDisposable;
