using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Residuals of a ControlNet for the U-Net: <see cref="UNetInput.DownResiduals"/> and <see cref="UNetInput.MiddleResidual"/>. Owns its
/// tensors.
/// </summary>
/// <param name="DownResiduals">One for each skip connection, from the highest resolution.</param>
/// <param name="MiddleResidual">Residual of the middle block.</param>
public sealed record ControlNetOutput(IReadOnlyList<Tensor> DownResiduals, Tensor MiddleResidual) : IDisposable
{
    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (Tensor residual in DownResiduals) residual.Dispose();
        MiddleResidual.Dispose();
    }
}
