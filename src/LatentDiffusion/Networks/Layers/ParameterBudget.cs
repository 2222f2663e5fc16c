namespace LatentDiffusion.Networks;

/// <summary>
/// Limits the size of a network before any memory is allocated for it: a configuration of a few bytes may ask for endless
/// layers, or for more memory than there is.
/// </summary>
internal sealed class ParameterBudget
{
    /// <summary>Twice the parameters of the largest published network, the transformer of FLUX.2 dev with 32 billion.</summary>
    private const long MostLayers = 1 << 13, MostElements = 1L << 36;

    /// <summary>Several times the largest published parameter, a table of 256,000 tokens.</summary>
    private const long MostElementsOfLayer = 1L << 32;

    private readonly Func<Exception> _refusal;
    private long _layers;
    private double _elements;

    private ParameterBudget(long layers, double elements, Func<Exception> refusal) =>
        (_layers, _elements, _refusal) = (layers, elements, refusal);

    /// <summary>The limit of any network.</summary>
    public static ParameterBudget ForNetwork() => new(MostLayers, MostElements, () =>
        new ArgumentException(
            $"The configuration describes more than {MostLayers} layers or {MostElements} parameters; no network is that large."));

    /// <summary>
    /// What a network may have that a source is read into: with room to spare, so that a network that fits it almost is
    /// still built and its differences are named.
    /// </summary>
    public static ParameterBudget ForSource(ITensorSource source)
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
        if (--_layers < 0 || _elements < 0 || elements > MostElementsOfLayer) throw _refusal();
    }
}
