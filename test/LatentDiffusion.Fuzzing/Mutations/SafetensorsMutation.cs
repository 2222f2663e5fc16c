using System.Buffers.Binary;
using System.Text;

namespace LatentDiffusion.Fuzzing;

/// <summary>Damages a safetensors file: its header as JSON, with a corrected length, or any bytes.</summary>
internal static class SafetensorsMutation
{
    private static readonly string[] s_values =
    [
        "\"F64\"", "\"BOOL\"", "\"F8_E4M3\"", "\"I64\"", "[0,0]", "[1,1]", "[0,9223372036854775807]", "[4294967296,4294967296]",
        "{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}", "\"__metadata__\"",
    ];

    /// <summary>Damages a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="random">Random numbers.</param>
    /// <param name="pieces">Further texts with a meaning in the header.</param>
    public static byte[] Apply(byte[] file, Random random, params string[] pieces)
    {
        if (random.Next(3) == 0) return ByteMutation.Apply(file, random);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        string header = Encoding.UTF8.GetString(file, sizeof(long), length);
        return WithHeader(JsonMutation.Apply(header, random, [.. s_values, .. pieces]), file.AsSpan(sizeof(long) + length));
    }

    /// <summary>A file with a header and values.</summary>
    public static byte[] WithHeader(string header, ReadOnlySpan<byte> values)
    {
        byte[] json = Encoding.UTF8.GetBytes(header), prefix = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, json.Length);
        return [.. prefix, .. json, .. values];
    }
}
