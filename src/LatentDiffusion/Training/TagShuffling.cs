using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Training;

/// <summary>
/// Brings the tags of a caption into another order in each epoch, so that none is learned by its place. The order follows from seed,
/// caption and epoch, so that a resumed run sees the same.
/// </summary>
public sealed record TagShuffling
{
    /// <summary>Text between tags. Default a comma.</summary>
    [Required(AllowEmptyStrings = false)]
    public string Separator { get; init; } = ",";

    /// <summary>How many of the first tags keep their place and are never left out, at least 0. Default 0.</summary>
    [Range(0, int.MaxValue)]
    public int KeepFirst { get; init; }

    /// <summary>Fraction of the other tags that is left out in each epoch, in [0, 1). Default 0.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double TagDropout { get; init; }

    /// <summary>Seed of the orders. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>The caption of an epoch. White space around tags, and empty tags, are not kept.</summary>
    /// <param name="caption">The caption; one without a separator is returned as it is.</param>
    /// <param name="number">Number of the caption, from 0.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    public string Apply(string caption, long number, long epoch)
    {
        ArgumentNullException.ThrowIfNull(caption);
        if (!caption.Contains(Separator, StringComparison.Ordinal)) return caption;
        string[] tags = caption.Split(Separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        int kept = Math.Min(KeepFirst, tags.Length);
        ulong seed = SeedSequence.ForStep(SeedSequence.ForStep(Seed, epoch), number), dropout = ~seed;
        IEnumerable<string> others = tags.Skip(kept).Index()
            .Where(tag => !(SeedSequence.ForStep(dropout, tag.Index) < TagDropout * ulong.MaxValue))
            .OrderBy(tag => SeedSequence.ForStep(seed, tag.Index))
            .Select(tag => tag.Item);
        return string.Join($"{Separator.TrimEnd()} ", [.. tags.Take(kept), .. others]);
    }
}
