namespace LatentDiffusion.Models.Drawings;

/// <summary>FNV-1a with 64 bits, over the words of a combination.</summary>
internal static class StableHash
{
    /// <summary>The hash of a combination, the same in every process.</summary>
    public static ulong Compute(DrawingCombination combination)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in $"{combination.Subject}|{combination.Color}|{combination.Attribute}")
        {
            hash = (hash ^ c) * 1099511628211;
        }

        // The plain low bits of FNV are a poor basis for a remainder; fold the high ones in.
        return hash ^ (hash >> 32);
    }
}
