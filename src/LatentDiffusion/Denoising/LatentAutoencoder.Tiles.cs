using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <content>Tiles as parts of a whole image: see <see cref="TiledAutoencoder"/>.</content>
public sealed partial class LatentAutoencoder
{
    internal Tensor DecodeInTiles(
        Tensor latents, DecodingContext context, TileGrid grid, int passes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        using NetworkUse weights = NetworkUse.ToEvaluate(_module);
        using DisposeScope scope = NewDisposeScope();
        var statistics = new GlobalNormStatistics();
        Tensor z = _latents.ToNetwork(latents).to(_type);
        MaskedImage? masked = !_network.ReadsMaskedImage ? null : MaskedImage.Create(
            context, latents.shape[0], latents.shape[2] * DownsamplingFactor, latents.shape[3] * DownsamplingFactor, _type);
        (Tensor features, Tensor? modulation) = masked is null ? _network.DecodeAtLatents(z) : (MaskedAtLatents(masked), null);
        if (_network.NormalizesLargeMaps) statistics.Gather(grid, passes, tile => Pixels(tile), cancellationToken);
        return grid.Blend(tile => Pixels(tile).to(latents.dtype), DownsamplingFactor, cancellationToken).MoveToOuterDisposeScope();

        Tensor MaskedAtLatents(MaskedImage image) => _network.DecodeMaskedAtLatents(
            z, grid.Blend(tile => _network.EncodeMasked(image.Slice(tile, DownsamplingFactor)), _latents.PatchSize, cancellationToken),
            image.Mask);

        Tensor Pixels(Tile tile)
        {
            var norms = new NormalizationContext(modulation is null ? null : Part(tile, modulation), statistics);
            return masked is null
                ? _network.Enlarge(Part(tile, features), norms)
                : _network.EnlargeMasked(Part(tile, features), norms, masked.Slice(tile, DownsamplingFactor));
        }

        Tensor Part(Tile tile, Tensor map) => tile.Slice(map, _latents.PatchSize);
    }

    internal LatentDistribution EncodeInTiles(Tensor images, TileGrid grid, int passes, CancellationToken cancellationToken)
    {
        using IDisposable noGrad = no_grad();
        using NetworkUse weights = NetworkUse.ToEvaluate(_module);
        using DisposeScope scope = NewDisposeScope();
        var norms = new NormalizationContext(Statistics: new GlobalNormStatistics());
        if (_network.NormalizesLargeMaps) norms.Statistics!.Gather(grid, passes, tile => Features(tile), cancellationToken);
        Tensor features = grid.Blend(Features, _latents.PatchSize, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return Distribution(_network.EncodeAtLatents(features), images.dtype);

        Tensor Features(Tile tile) => _network.Shrink(tile.Slice(images, DownsamplingFactor).to(_type), norms);
    }
}
