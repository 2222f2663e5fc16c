using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The means of an autoencoder's latents, averaged over a grid of cells: [channels·cells²] numbers. Every model has them without
/// further weights. They describe colour and coarse shape rather than objects. Compare distances only for the same autoencoder.
/// </summary>
public sealed class AutoencoderFeatures : IFeatureExtractor
{
    private readonly IAutoencoder _autoencoder;
    private readonly int _cells;
    private readonly Device _device;

    /// <summary>Creates features of an autoencoder.</summary>
    /// <param name="autoencoder">The autoencoder.</param>
    /// <param name="cells">Cells along each side, at least 1. Default 4.</param>
    /// <param name="device">Device of the autoencoder; null for the CPU.</param>
    public AutoencoderFeatures(IAutoencoder autoencoder, int cells = 4, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(autoencoder);
        ArgumentOutOfRangeException.ThrowIfLessThan(cells, 1);
        (_autoencoder, _cells, _device) = (autoencoder, cells, device ?? CPU);
    }

    /// <inheritdoc />
    public string Name => $"autoencoder latents pooled to {_cells} x {_cells}";

    /// <inheritdoc />
    public Tensor Extract(IReadOnlyList<ImageBuffer> images)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using LatentDistribution latents = _autoencoder.Encode(ImageTensor.FromImages(images).to(_device));
        return nn.functional.adaptive_avg_pool2d(latents.Mean, [_cells, _cells]).flatten(1).MoveToOuterDisposeScope();
    }
}
