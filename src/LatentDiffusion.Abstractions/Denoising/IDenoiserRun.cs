namespace LatentDiffusion;

/// <summary>
/// A denoiser with the state of one generation: values that do not change between evaluations are computed once.
/// Not safe for concurrent use. Disposing it releases that state and not the denoiser.
/// </summary>
public interface IDenoiserRun : IDenoiser, IDisposable;
