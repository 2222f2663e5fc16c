using System.Buffers.Binary;
using System.Text;

namespace LatentDiffusion.Tests.ImageSharp;

/// <summary>Turns a still image file into an animation of two equal frames.</summary>
internal static class Animations
{
    /// <summary>An APNG: an acTL chunk after IHDR, an fcTL chunk before IDAT, and a second frame in fdAT.</summary>
    public static byte[] Png(byte[] still)
    {
        int idat = still.AsSpan().IndexOf("IDAT"u8) - 4, iend = still.AsSpan().IndexOf("IEND"u8) - 4;
        int length = BinaryPrimitives.ReadInt32BigEndian(still.AsSpan(idat));
        byte[] pixels = still[(idat + 8)..(idat + 8 + length)];
        return
        [
            .. still[..33], .. Chunk("acTL", [.. BigEndian(2), .. BigEndian(0)]),
            .. still[33..idat], .. Chunk("fcTL", Frame(still, 0)),
            .. still[idat..iend],
            .. Chunk("fcTL", Frame(still, 1)), .. Chunk("fdAT", [.. BigEndian(2), .. pixels]), .. still[iend..],
        ];
    }

    /// <summary>An extended WebP file whose ANMF chunks hold the still image's bit stream.</summary>
    public static byte[] Webp(byte[] still, int width, int height)
    {
        byte[] stream = still[12..];
        byte[] frame = [.. UInt24(0), .. UInt24(0), .. UInt24(width - 1), .. UInt24(height - 1), .. UInt24(100), 0, .. stream];
        byte[] body =
        [
            .. "WEBP"u8, .. Riff("VP8X", [2, 0, 0, 0, .. UInt24(width - 1), .. UInt24(height - 1)]), .. Riff("ANIM", [0, 0, 0, 0, 0, 0]),
            .. Riff("ANMF", frame), .. Riff("ANMF", frame),
        ];
        return Riff("RIFF", body);
    }

    private static byte[] Frame(byte[] png, int sequence) =>
        [.. BigEndian(sequence), .. png[16..24], .. BigEndian(0), .. BigEndian(0), 0, 1, 0, 10, 0, 0];

    private static byte[] Chunk(string type, byte[] data)
    {
        byte[] named = [.. Encoding.ASCII.GetBytes(type), .. data];
        return [.. BigEndian(data.Length), .. named, .. BigEndian((int)Crc32.Compute(named))];
    }

    private static byte[] Riff(string type, byte[] data) =>
        [.. Encoding.ASCII.GetBytes(type), .. BitConverter.GetBytes(data.Length), .. data, .. new byte[data.Length % 2]];

    private static byte[] BigEndian(int value) => [.. BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness(value))];

    private static byte[] UInt24(int value) => BitConverter.GetBytes(value)[..3];
}
