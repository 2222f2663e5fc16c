namespace LatentDiffusion;

/// <summary>
/// A denoiser that can compute once in a generation what its evaluations share, such as the keys and values of the text.
/// The denoiser itself stays immutable: what is kept belongs to the run.
/// </summary>
public interface ICachingDenoiser : IDenoiser
{
    /// <summary>Starts a generation. Its predictions are bit for bit those of the denoiser.</summary>
    /// <param name="cancellationToken">Checked before each evaluation of the network, of which guidance may take several a step.</param>
    IDenoiserRun Start(CancellationToken cancellationToken = default);
}
