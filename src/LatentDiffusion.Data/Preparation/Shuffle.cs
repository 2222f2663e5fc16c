namespace LatentDiffusion.Data;

/// <summary>Orders that follow from a seed (Fisher and Yates).</summary>
internal static class Shuffle
{
    /// <summary>Brings items into the seed's order, in place.</summary>
    public static T[] InPlace<T>(T[] items, ulong seed)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = (int)(SeedSequence.Of(seed, i) % (ulong)(i + 1));
            (items[i], items[j]) = (items[j], items[i]);
        }

        return items;
    }
}
