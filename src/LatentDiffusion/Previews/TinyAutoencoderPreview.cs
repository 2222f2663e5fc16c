using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Previews;

/// <summary>Full-size previews from a tiny autoencoder that imitates the model's own (TAESD). Owns the network.</summary>
/// <param name="network">The tiny autoencoder, on the device of the pipeline.</param>
public sealed class TinyAutoencoderPreview(AutoencoderTiny network) : ILatentPreview, IDisposable
{
    private readonly ScalarType _type = NetworkUse.TypeOf(network);

    /// <inheritdoc />
    public Tensor Decode(Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor unscaled = latents.Divide(network.Config.ScalingFactor).AddInPlace(network.Config.ShiftFactor ?? 0);
        return network.Decode(unscaled.to(_type)).to(latents.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => network.Dispose();
}
