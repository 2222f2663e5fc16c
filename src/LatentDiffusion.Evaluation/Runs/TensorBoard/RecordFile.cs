using System.Buffers.Binary;

namespace LatentDiffusion.Evaluation;

/// <summary>TFRecord framing: length, its checksum, the data, its checksum; little-endian.</summary>
internal static class RecordFile
{
    private const int Head = 12, Tail = 4;

    /// <summary>The frame of one record.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> data)
    {
        byte[] frame = new byte[Head + data.Length + Tail];
        BinaryPrimitives.WriteUInt64LittleEndian(frame, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(sizeof(ulong)), MaskedCrc32C.Compute(frame.AsSpan(0, sizeof(ulong))));
        data.CopyTo(frame.AsSpan(Head));
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(Head + data.Length), MaskedCrc32C.Compute(data));
        return frame;
    }

    /// <summary>The frames of a file, up to the first incomplete one, which a killed process may have left.</summary>
    /// <returns>Each frame, and its data.</returns>
    public static IEnumerable<(byte[] Frame, ReadOnlyMemory<byte> Data)> Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] head = new byte[Head];
        while (stream.ReadAtLeast(head, Head, throwOnEndOfStream: false) == Head)
        {
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(head);
            uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(sizeof(ulong)));
            if (checksum != MaskedCrc32C.Compute(head.AsSpan(0, sizeof(ulong)))) yield break;
            if (length > (ulong)(stream.Length - stream.Position)) yield break;
            byte[] frame = new byte[Head + (int)length + Tail];
            head.CopyTo(frame, 0);
            int rest = frame.Length - Head;
            if (stream.ReadAtLeast(frame.AsSpan(Head), rest, throwOnEndOfStream: false) < rest) yield break;
            ReadOnlyMemory<byte> data = frame.AsMemory(Head, (int)length);
            if (BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(Head + (int)length)) != MaskedCrc32C.Compute(data.Span)) yield break;
            yield return (frame, data);
        }
    }
}
