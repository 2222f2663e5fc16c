using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Unicode;

namespace LatentDiffusion.Checkpoints;

/// <summary>Reads the arguments of pickle instructions in order.</summary>
internal ref struct PickleBytes(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Number of bytes that are not read yet.</summary>
    public readonly int Left => _rest.Length;

    public byte Byte() => Take(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public long UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    public byte[] Bytes(long length) => Take(length).ToArray();

    public string Text(long length)
    {
        try
        {
            return s_utf8.GetString(Take(length));
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException("A text in the pickle is not UTF-8.", e);
        }
    }

    /// <summary>A string of Python 2: text, or bytes if it is not valid UTF-8.</summary>
    public object TextOrBytes(long length)
    {
        ReadOnlySpan<byte> taken = Take(length);
        return Utf8.IsValid(taken) ? Encoding.UTF8.GetString(taken) : taken.ToArray();
    }

    /// <summary>An integer of any size, as a long if it fits.</summary>
    public object Integer(long length)
    {
        var number = new BigInteger(Take(length));
        return number >= long.MinValue && number <= long.MaxValue ? (object)(long)number : number;
    }

    /// <summary>The text up to the next end of line.</summary>
    public string Line()
    {
        int end = _rest.IndexOf((byte)'\n');
        if (end < 0) throw new FormatException("The pickle ends too early.");
        string line = Text(end);
        Take(1);
        return line.TrimEnd('\r');
    }

    /// <summary>A decimal integer that ends with the line.</summary>
    public long LineInteger() => Integer(Line());

    /// <summary>A decimal integer that ends with the line. Protocols 0 and 1 write Boolean values as 01 and 00.</summary>
    public object LineIntegerOrBool() => Line() switch
    {
        "01" => true,
        "00" => false,
        var line => Integer(line),
    };

    private static long Integer(string line) =>
        long.TryParse(line.TrimEnd('L'), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new FormatException("A number in the pickle is malformed.");

    private ReadOnlySpan<byte> Take(long length)
    {
        if (length < 0 || length > _rest.Length) throw new FormatException("The pickle ends too early.");
        ReadOnlySpan<byte> taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }
}
