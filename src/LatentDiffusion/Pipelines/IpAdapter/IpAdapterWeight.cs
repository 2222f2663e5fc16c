using System.Globalization;

namespace LatentDiffusion;

/// <summary>
/// How strongly, where and when the images of an IP-Adapter act in one generation. Null properties keep the values of
/// <see cref="IpAdapterBuilderExtensions.UseIpAdapter"/>.
/// </summary>
public sealed record IpAdapterWeight
{
    /// <summary>Factor of the attention to the images, any finite number; 1 is as trained, and 0 disables them.</summary>
    public double? Scale { get; init; }

    /// <summary>
    /// Further factors of the cross-attention layers at or below a path of the denoiser, such as <c>up_blocks.0</c>,
    /// <c>down_blocks.2.attentions.1</c> or <c>mid_block</c>; the longest path counts, and layers without a path have the factor 0. They
    /// let an adapter transfer only style or only layout (Wang et al. 2024, "InstantStyle"). Null, the default, for 1 in all layers.
    /// </summary>
    public IReadOnlyDictionary<string, double>? LayerScales { get; init; }

    /// <summary>Fraction of the steps before the images begin to act, at least 0 and below 1.</summary>
    public double? Start { get; init; }

    /// <summary>Fraction of the steps after which they stop, above <see cref="Start"/> and at most 1.</summary>
    public double? End { get; init; }

    /// <summary>
    /// Reads a scale as the published <c>set_ip_adapter_scale</c> takes it: a number, or a dictionary such as
    /// <c>{ "down": { "block_2": [0.0, 1.0] }, "up": { "block_0": [0.0, 1.0, 0.0] } }</c>, whose lists have a number for each attention
    /// of the block.
    /// </summary>
    /// <param name="json">The number or the dictionary as JSON.</param>
    /// <exception cref="FormatException">It is neither; the message names the entry.</exception>
    public static IpAdapterWeight ParseScale(string json) => PublishedLayerScales.Parse(json);

    /// <summary>Whether all values agree, those of the layers among them.</summary>
    public bool Equals(IpAdapterWeight? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(ToString());

    /// <summary>The values as text, which is equal for equal weights.</summary>
    public override string ToString()
    {
        string layers = LayerScales is null ? "null" : string.Join(
            ", ", LayerScales.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => FormattableString.Invariant($"{l.Key}: {l.Value}")));
        return string.Create(CultureInfo.InvariantCulture, $"scale {Scale}, layers [{layers}], from {Start} to {End}");
    }

    /// <summary>These values, replaced by those that another weight has.</summary>
    internal IpAdapterWeight With(IpAdapterWeight other) => new()
    {
        Scale = other.Scale ?? Scale, LayerScales = other.LayerScales ?? LayerScales, Start = other.Start ?? Start, End = other.End ?? End,
    };

    /// <summary>Whether complete weights act in an evaluation.</summary>
    /// <param name="evaluation">From 0.</param>
    /// <param name="evaluations">How many there are.</param>
    internal bool Acts(int evaluation, int evaluations) => StepInterval.Contains(Start, End, evaluation, evaluations);

    /// <summary>The scale of complete weights in a cross-attention layer.</summary>
    internal double ScaleOf(string layer)
    {
        if (LayerScales is not { } scales) return Scale!.Value;
        string? path = scales.Keys.Where(path => IsAtOrBelow(layer, path)).MaxBy(path => path.Length);
        return path is null ? 0 : Scale!.Value * scales[path];
    }

    /// <summary>Whether a layer is at or below a path.</summary>
    internal static bool IsAtOrBelow(string layer, string path) =>
        layer.StartsWith(path, StringComparison.Ordinal) && (layer.Length == path.Length || layer[path.Length] == '.');
}
