namespace LatentDiffusion.Data;

/// <summary>Shuffles that depend only on a seed (Fisher and Yates).</summary>
internal static class Shuffle
{
    /// <summary>Shuffles items in place.</summary>
    public static T[] InPlace<T>(T[] items, ulong seed)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = (int)(SeedSequence.ForStep(seed, i) % (ulong)(i + 1));
            (items[i], items[j]) = (items[j], items[i]);
        }

        return items;
    }
}
