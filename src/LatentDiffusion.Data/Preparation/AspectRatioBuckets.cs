using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Data;

/// <summary>
/// Sizes of about the same area and different proportions, so that images are trained on without being cropped to squares
/// (NovelAI 2022, "Aspect ratio bucketing"; Podell et al. 2023, section 2.2 and appendix I; the defaults give their table).
/// Immutable.
/// </summary>
public sealed class AspectRatioBuckets
{
    /// <summary>
    /// Creates all sizes whose sides are multiples of the step and whose area and proportions are within the limits.
    /// </summary>
    /// <param name="options">Area, step and limits; null for the defaults.</param>
    /// <exception cref="ValidationException">An option is out of its range.</exception>
    /// <exception cref="ArgumentException">No size meets the options.</exception>
    public AspectRatioBuckets(AspectRatioBucketOptions? options = null)
    {
        options ??= new AspectRatioBucketOptions();
        ValidOptions.Check(options);
        double least = options.Area * (1 - options.Shortfall);
        int longest = (int)(Math.Sqrt(options.Area * options.MaximumRatio) / options.Step) + 1;
        Sizes =
        [
            .. from w in Enumerable.Range(1, longest)
               from h in Enumerable.Range(1, longest)
               let size = new ImageSize(w * options.Step, h * options.Step)
               where size.Area <= options.Area && size.Area >= least && Math.Max(w, h) <= Math.Min(w, h) * options.MaximumRatio
               orderby size.Ratio, size.Area descending
               select size,
        ];
        if (Sizes.Count == 0)
            throw new ArgumentException(
                $"No size with sides in steps of {options.Step} has {least:0} to {options.Area} pixels: "
                + "choose a smaller step or a larger shortfall.", nameof(options));
    }

    /// <summary>The sizes, from the tallest to the widest.</summary>
    public IReadOnlyList<ImageSize> Sizes { get; }

    /// <summary>
    /// Index of the size whose proportions are nearest to an image's: the least |log(ratio) − log(ratio of the size)|; among
    /// equals the larger.
    /// </summary>
    /// <param name="width">Width of the image, at least 1.</param>
    /// <param name="height">Height of the image, at least 1.</param>
    public int Nearest(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        int best = 0;
        for (int i = 1; i < Sizes.Count; i++)
            if (Distance(i) < Distance(best)) best = i;
        return best;

        // The larger over the smaller ratio, by cross products: a rotated image finds the rotated bucket.
        double Distance(int i)
        {
            double a = (double)width * Sizes[i].Height, b = (double)height * Sizes[i].Width;
            return Math.Max(a, b) / Math.Min(a, b);
        }
    }
}
