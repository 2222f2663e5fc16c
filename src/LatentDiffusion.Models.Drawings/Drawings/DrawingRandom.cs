namespace LatentDiffusion.Models.Drawings;

/// <summary>
/// SplitMix64: the same numbers on every machine and every version of .NET, which System.Random does not guarantee.
/// </summary>
internal sealed class DrawingRandom
{
    private const ulong Golden = 0x9E3779B97F4A7C15;
    private ulong state;

    /// <summary>Starts a separate stream for each list of keys.</summary>
    public DrawingRandom(params ReadOnlySpan<ulong> keys)
    {
        foreach (ulong key in keys)
        {
            state = Mix(state + Golden + key);
        }
    }

    /// <summary>A number in [0, 1).</summary>
    public float Unit() => (Next() >> 40) * (1f / (1 << 24));

    /// <summary>A number in [low, high).</summary>
    public float Between(float low, float high) => low + ((high - low) * Unit());

    /// <summary>A whole number in [0, count).</summary>
    public int Below(int count) => (int)(((UInt128)Next() * (ulong)count) >> 64);

    /// <summary>One of the items.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private ulong Next()
    {
        state += Golden;
        return Mix(state);
    }
}
