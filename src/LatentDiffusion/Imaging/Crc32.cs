using Checksum = System.IO.Hashing.Crc32;

namespace LatentDiffusion.Imaging;

/// <summary>The checksum of PNG and zip files (ISO 3309).</summary>
internal static class Crc32
{
    /// <summary>The checksum of bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => Checksum.HashToUInt32(bytes);

    /// <summary>The checksum of part of a file, read in pieces.</summary>
    public static uint Compute(CheckpointFile file, long start, long length)
    {
        var sum = new Checksum();
        file.Show(start, length, sum.Append);
        return sum.GetCurrentHashAsUInt32();
    }
}
