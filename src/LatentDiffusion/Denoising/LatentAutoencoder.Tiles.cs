using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <content>Tiles as parts of a whole image: see <see cref="TiledAutoencoder"/>.</content>
public sealed partial class LatentAutoencoder
{
    internal Tensor DecodeInTiles(Tensor latents, TileGrid grid, int passes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        using NetworkUse weights = NetworkUse.ToEvaluate(_module);
        using DisposeScope scope = NewDisposeScope();
        var statistics = new GlobalNormStatistics();
        (Tensor features, Tensor? modulation) = _network.DecodeAtLatents(_scaling.Undo(latents).to(_type));
        if (_network.NormalizesLargeMaps) statistics.Gather(grid, passes, tile => Pixels(tile), cancellationToken);
        return grid.Blend(tile => Pixels(tile).to(latents.dtype), DownsamplingFactor, cancellationToken).MoveToOuterDisposeScope();

        Tensor Pixels(Tile tile) =>
            _network.Enlarge(tile.Of(features), new NormalizationContext(modulation is null ? null : tile.Of(modulation), statistics));
    }

    internal LatentDistribution EncodeInTiles(Tensor images, TileGrid grid, int passes, CancellationToken cancellationToken)
    {
        using IDisposable noGrad = no_grad();
        using NetworkUse weights = NetworkUse.ToEvaluate(_module);
        using DisposeScope scope = NewDisposeScope();
        var norms = new NormalizationContext(Statistics: new GlobalNormStatistics());
        if (_network.NormalizesLargeMaps) norms.Statistics!.Gather(grid, passes, tile => Features(tile), cancellationToken);
        Tensor features = grid.Blend(Features, 1, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return Distribution(_network.EncodeAtLatents(features), images.dtype);

        Tensor Features(Tile tile) => _network.Shrink(tile.Of(images, DownsamplingFactor).to(_type), norms);
    }
}
