using System.Buffers.Binary;
using System.Text;

namespace LatentDiffusion.Checkpoints;

/// <summary>Reads the header of a GGUF file in order. Lengths are compared with the rest of the file before memory is allocated.</summary>
/// <param name="file">The file.</param>
internal sealed class GgufCursor(CheckpointFile file)
{
    private const int BufferLength = 1 << 16;

    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private byte[] _buffer = [];
    private long _bufferStart;

    /// <summary>Position of the next byte.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes that follow.</summary>
    public long Remaining => file.Length - Position;

    public byte Byte() => Take(sizeof(byte))[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    /// <summary>A number of things that follow.</summary>
    /// <param name="leastBytes">Minimum bytes of each.</param>
    /// <param name="what">Description of the items, for messages.</param>
    /// <exception cref="FormatException">The rest of the file is too short for them.</exception>
    public int Count(int leastBytes, string what)
    {
        ulong count = UInt64();
        return count <= (ulong)Math.Min(Remaining / leastBytes, Array.MaxLength)
            ? (int)count
            : throw new FormatException($"It claims {count} {what}, but only {Remaining} bytes follow: truncated or damaged.");
    }

    /// <summary>A text with its length.</summary>
    /// <param name="what">Description of the text, for messages.</param>
    /// <param name="strict">Whether bytes that are not UTF-8 are refused; otherwise they are replaced.</param>
    /// <exception cref="FormatException">The text is longer than the file, or is not UTF-8.</exception>
    public string Text(string what, bool strict)
    {
        int length = Count(1, $"bytes of {what}");
        try
        {
            return (strict ? s_strict : Encoding.UTF8).GetString(Take(length));
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException($"There is {what} that is not UTF-8.", e);
        }
    }

    /// <summary>The next bytes, valid until the next call.</summary>
    /// <exception cref="FormatException">There are fewer.</exception>
    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > Remaining) throw new FormatException($"The header ends too early, at byte {file.Length}: truncated.");
        long offset = Position - _bufferStart;
        if (offset + count > _buffer.Length)
        {
            _buffer = file.Read(Position, (int)Math.Min(Remaining, Math.Max(count, BufferLength)));
            (_bufferStart, offset) = (Position, 0);
        }

        Position += count;
        return _buffer.AsSpan((int)offset, count);
    }
}
