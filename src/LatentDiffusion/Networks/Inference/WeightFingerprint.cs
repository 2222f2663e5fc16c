using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Detects whether the values of a parameter changed since they were packed. libtorch counts the operators that wrote to a tensor,
/// but not what was written to its memory, as <c>load_state_dict</c> does; the values themselves show both. Reading them takes a
/// small fraction of the time that the layer computes.
/// </summary>
internal static class WeightFingerprint
{
    private const int Accumulators = 8;
    private const uint Factor = 0x9E3779B1;
    private const ulong LongFactor = 0x9E3779B97F4A7C15;

    /// <summary>A number that differs for other values, types and shapes.</summary>
    /// <param name="weight">A tensor on the CPU.</param>
    public static ulong Compute(Tensor weight)
    {
        using Tensor values = weight.detach(), whole = values.contiguous();
        ulong hash = (ulong)whole.dtype;
        foreach (long size in whole.shape) hash = Mix(hash, (ulong)size);
        return Hash(whole.bytes, hash);
    }

    private static ulong Hash(ReadOnlySpan<byte> bytes, ulong hash)
    {
        int width = Vector<uint>.Count;
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(bytes);
        Span<Vector<uint>> sums = stackalloc Vector<uint>[Accumulators];
        sums.Clear();
        while (words.Length >= Accumulators * width)
        {
            // Each step maps one state to one other: a single word that differs always shows.
            for (int i = 0; i < Accumulators; i++)
            {
                Vector<uint> sum = (sums[i] ^ new Vector<uint>(words.Slice(i * width, width))) * Factor;
                sums[i] = sum ^ (sum >>> 15);
            }

            words = words[(Accumulators * width)..];
        }

        foreach (Vector<uint> sum in sums)
            for (int i = 0; i < width; i++) hash = Mix(hash, sum[i]);
        foreach (uint word in words) hash = Mix(hash, word);
        foreach (byte last in bytes[(bytes.Length / sizeof(uint) * sizeof(uint))..]) hash = Mix(hash, last);
        return hash;
    }

    private static ulong Mix(ulong hash, ulong value)
    {
        hash = (hash ^ value) * LongFactor;
        return hash ^ (hash >> 32);
    }
}
