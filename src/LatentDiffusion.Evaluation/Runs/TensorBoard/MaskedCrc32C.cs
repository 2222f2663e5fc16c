using System.Buffers.Binary;
using System.Numerics;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The checksum of TFRecord files: CRC-32C (Castagnoli, RFC 3720 appendix B.4), rotated and shifted so that checksums of data
/// that contain checksums are not weak.
/// </summary>
internal static class MaskedCrc32C
{
    private const uint Mask = 0xA282EAD8;

    public static uint Compute(ReadOnlySpan<byte> data) => BitOperations.RotateRight(Plain(data), 15) + Mask;

    /// <summary>The checksum without the mask.</summary>
    public static uint Plain(ReadOnlySpan<byte> data)
    {
        uint sum = uint.MaxValue;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (byte b in data) sum = BitOperations.Crc32C(sum, b);
        return ~sum;
    }
}
