using System.Buffers.Binary;

namespace LatentDiffusion.Data;

/// <summary>The end of a Parquet file: metadata, their length in four bytes, and <c>PAR1</c>.</summary>
internal static class ParquetFooter
{
    private const int TailLength = 8;

    private static ReadOnlySpan<byte> Magic => "PAR1"u8;

    /// <summary>
    /// Checks that the metadata is complete before the library reads it, hides unknown fields from the library, and moves the file
    /// to its beginning.
    /// </summary>
    /// <exception cref="InvalidDataException">The metadata is damaged.</exception>
    public static void Check(SynchronousFileStream file)
    {
        if (file.Length < Magic.Length + TailLength) throw new InvalidDataException("it is too short.");
        Span<byte> tail = stackalloc byte[TailLength];
        file.Position = file.Length - TailLength;
        file.ReadExactly(tail);
        if (!tail[4..].SequenceEqual(Magic))
            throw new InvalidDataException("it does not end with PAR1: it is truncated, or is not a Parquet file.");
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(tail);
        if (length > file.Length - TailLength - Magic.Length || length > int.MaxValue)
            throw new InvalidDataException($"it claims {length} bytes of metadata, and has {file.Length} bytes.");
        byte[] metadata = new byte[length];
        file.Position = file.Length - TailLength - length;
        file.ReadExactly(metadata);
        byte[] known = ThriftStructure.Known(metadata, ParquetMetadataShape.File);
        BinaryPrimitives.WriteInt32LittleEndian(tail, known.Length);
        file.ReplaceEnd(file.Length - TailLength - length, [.. known, .. tail]);
        file.Position = 0;
    }
}
