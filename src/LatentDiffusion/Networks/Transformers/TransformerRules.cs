using static LatentDiffusion.Networks.ConfigRules;

namespace LatentDiffusion.Networks;

/// <summary>Checks that the configurations of transformers have in common.</summary>
internal static class TransformerRules
{
    /// <summary>The most blocks that a transformer has; the largest published one has 76.</summary>
    public const int MostBlocks = 1000;

    /// <summary>Numbers by which a timestep or guidance scale is multiplied before its sinusoidal features.</summary>
    public const double TimeScale = 1000;

    /// <exception cref="ArgumentException">The axes are odd, or not as wide as a head together.</exception>
    public static void CheckAxes(string option, IReadOnlyList<int> axes, int count, int headWidth)
    {
        Positive(option, axes);
        if (axes.Count != count || axes.Any(axis => axis % 2 != 0) || axes.Sum() != headWidth)
        {
            throw new ArgumentException(
                $"{option} is [{string.Join(", ", axes)}]; expected {count} even numbers with the sum {headWidth}, the width of a head.");
        }
    }

    /// <exception cref="ArgumentException">A number of blocks is out of its range.</exception>
    public static void CheckBlocks(string option, int blocks) => Range(option, 0, MostBlocks, blocks);
}
