using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>
/// Means and variances over a whole image for group normalisations (Wu &amp; He 2018, equations 1 and 2) that see one tile
/// of it at a time. Several passes over the tiles gather them: in each, a normalisation uses the statistics of the pass before,
/// and in the first those of its tile, so that the first n normalisations of a network are exact after n passes.
/// </summary>
internal sealed class GlobalNormStatistics
{
    private Dictionary<GroupNormLayer, GroupMoments> _known = [], _gathered = [];
    private Tile? _seen;

    /// <summary>Goes through all tiles.</summary>
    /// <param name="grid">The tiles.</param>
    /// <param name="passes">How often.</param>
    /// <param name="evaluate">Runs the network on a tile, with these statistics.</param>
    /// <param name="cancellationToken">Checked before each tile.</param>
    public void Gather(TileGrid grid, int passes, Action<Tile> evaluate, CancellationToken cancellationToken)
    {
        for (int pass = 0; pass < passes; pass++)
        {
            grid.ForEach(Look, cancellationToken);
            (_known, _gathered, _seen) = (_gathered, [], null);
            // From now on all are final.
            if (pass + 1 >= _known.Count) return;
        }

        void Look(Tile tile)
        {
            _seen = tile;
            evaluate(tile);
        }
    }

    /// <summary>Normalises a feature map: by the statistics of the image where there are some, else by its own.</summary>
    /// <param name="norm">The normalisation.</param>
    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="statistics">Of the image that the input is a tile of; null where it is the image.</param>
    public static Tensor Normalize(GroupNormLayer norm, Tensor input, GlobalNormStatistics? statistics) =>
        statistics is null ? norm.call(input) : statistics.Normalize(norm, input);

    private Tensor Normalize(GroupNormLayer norm, Tensor input)
    {
        if (_seen is not null)
        {
            if (!_gathered.TryGetValue(norm, out GroupMoments? moments)) _gathered.Add(norm, moments = new GroupMoments());
            using Tensor own = _seen.Own(input);
            moments.Add(own, norm.Groups);
        }

        return _known.TryGetValue(norm, out GroupMoments? known) ? known.Normalize(norm, input) : norm.call(input);
    }
}
