using System.Text;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>GGUF files put together field by field.</summary>
internal static class RawGguf
{
    /// <summary>Writes and opens a file with one tensor, named <c>x</c>.</summary>
    public static GgufFile Open(string path, GgufType type, long[] shape, byte[] data)
    {
        File.WriteAllBytes(path, Bytes(tensors: [("x", [.. shape.Reverse().Select(n => (ulong)n)], (uint)type.Code, 0)], data: data));
        return GgufFile.Open(path);
    }

    /// <summary>The bytes of a file.</summary>
    /// <param name="metadata">Entries: key, type and the value's bytes.</param>
    /// <param name="tensors">Name, dimensions in the order of the file, type and offset.</param>
    /// <param name="data">Data after the header's padding.</param>
    /// <param name="version">Version of the format.</param>
    /// <param name="alignment">Of the data.</param>
    public static byte[] Bytes(
        (string Key, uint Type, byte[] Value)[]? metadata = null,
        (string Name, ulong[] Dimensions, uint Type, ulong Offset)[]? tensors = null,
        byte[]? data = null,
        uint version = 3,
        int alignment = 32)
    {
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory);
        writer.Write("GGUF"u8);
        writer.Write(version);
        writer.Write((ulong)(tensors?.Length ?? 0));
        writer.Write((ulong)(metadata?.Length ?? 0));
        foreach ((string key, uint type, byte[] value) in metadata ?? [])
        {
            Text(writer, key);
            writer.Write(type);
            writer.Write(value);
        }

        foreach ((string name, ulong[] dimensions, uint type, ulong offset) in tensors ?? [])
        {
            Text(writer, name);
            writer.Write((uint)dimensions.Length);
            foreach (ulong size in dimensions) writer.Write(size);
            writer.Write(type);
            writer.Write(offset);
        }

        while (memory.Length % alignment != 0) writer.Write((byte)0);
        writer.Write(data ?? []);
        return memory.ToArray();
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
