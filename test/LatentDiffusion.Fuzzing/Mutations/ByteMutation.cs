using System.Buffers.Binary;

namespace LatentDiffusion.Fuzzing;

/// <summary>Damages bytes of any format.</summary>
internal static class ByteMutation
{
    private static readonly long[] s_lengths =
    [
        0, 1, -1, 255, 65535, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue, 1L << 40, 100_000_000,
    ];

    /// <summary>Overwrites, drops, repeats, inserts or swaps bytes, or writes extreme numbers, in one to four places.</summary>
    public static byte[] Apply(byte[] file, Random random)
    {
        List<byte> bytes = [.. file];
        for (int n = random.Next(1, 5); n > 0 && bytes.Count > 0; n--)
        {
            int at = random.Next(bytes.Count), length = Math.Min(random.Next(1, 17), bytes.Count - at);
            switch (random.Next(9))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = random.Next(2) == 0 ? byte.MinValue : byte.MaxValue; break;
                case 3: bytes.RemoveRange(at, length); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                case 5: bytes.InsertRange(at, Enumerable.Range(0, length).Select(_ => (byte)random.Next(256))); break;
                case 6: WriteNumber(bytes, at, random); break;
                case 7: bytes.RemoveRange(at, bytes.Count - at); break;
                default:
                    int other = random.Next(bytes.Count);
                    (bytes[at], bytes[other]) = (bytes[other], bytes[at]);
                    break;
            }
        }

        return [.. bytes];
    }

    private static void WriteNumber(List<byte> bytes, int at, Random random)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        long value = s_lengths[random.Next(s_lengths.Length)];
        int width = 1 << random.Next(1, 4);
        if (random.Next(2) == 0) BinaryPrimitives.WriteInt64LittleEndian(number, value);
        else
        {
            BinaryPrimitives.WriteInt64BigEndian(number, value);
            number = number[^width..];
        }

        for (int i = 0; i < width && at + i < bytes.Count; i++) bytes[at + i] = number[i];
    }
}
