namespace LatentDiffusion.Networks;

/// <summary>
/// Bounds what a network is built of before any memory is taken for it: a configuration of a few bytes may ask for endless
/// layers, or for more memory than there is.
/// </summary>
internal sealed class ParameterBudget
{
    /// <summary>Several times what the largest published network of the family has.</summary>
    private const long MostLayers = 1 << 13, MostElements = 1L << 34;

    private readonly Func<Exception> _refusal;
    private long _layers;
    private double _elements;

    private ParameterBudget(long layers, double elements, Func<Exception> refusal) =>
        (_layers, _elements, _refusal) = (layers, elements, refusal);

    /// <summary>What any network may have.</summary>
    public static ParameterBudget OfNetwork() => new(MostLayers, MostElements, () =>
        new ArgumentException(
            $"The configuration describes more than {MostLayers} layers or {MostElements} parameters; no network is that large."));

    /// <summary>
    /// What a network may have that a source is read into: with room to spare, so that a network that fits it almost is
    /// still built and its differences are named.
    /// </summary>
    public static ParameterBudget Of(ITensorSource source)
    {
        double stored = source.Entries.Sum(e => e.Shape.Aggregate(1.0, (product, size) => product * size));
        return new ParameterBudget(
            Math.Min(MostLayers, 2L * source.Entries.Count + 500),
            Math.Min(MostElements, 2 * stored + (1 << 22)),
            () => new CheckpointException(
                source.Path, $"its {source.Entries.Count} tensors are far fewer or smaller than those that the configuration describes."));
    }

    /// <summary>Takes one layer's largest parameter out of the budget.</summary>
    public void Take(params ReadOnlySpan<long> shape)
    {
        double elements = 1;
        foreach (long size in shape) elements *= size;
        _elements -= elements;
        if (--_layers < 0 || _elements < 0) throw _refusal();
    }
}
