using System.Buffers;
using static LatentDiffusion.Data.ThriftKind;

namespace LatentDiffusion.Data;

/// <summary>
/// Reads one complete structure of Thrift's compact protocol and checks the kinds of its known fields. Damaged or unknown
/// structures lead the Parquet library into endless reading, because it does not check kinds and takes the end of the bytes for
/// more fields. Unknown fields are dropped, as the protocol requires: later versions of the format add fields. Takes at most one
/// step per byte.
/// </summary>
/// <remarks>https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md</remarks>
internal ref struct ThriftStructure
{
    private const int MaximumDepth = 32, LongestVarint = 10, UuidLength = 16;

    private readonly ArrayBufferWriter<byte> _known;
    private ReadOnlySpan<byte> _rest;

    private ThriftStructure(ReadOnlySpan<byte> bytes)
    {
        _rest = bytes;
        _known = new ArrayBufferWriter<byte>(bytes.Length + 1);
    }

    /// <summary>Returns the structure with only its known fields.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="shape">The known fields.</param>
    /// <exception cref="InvalidDataException">The bytes are not one complete structure, or a known field is of another kind.</exception>
    public static byte[] Known(ReadOnlySpan<byte> bytes, ThriftShape shape)
    {
        var structure = new ThriftStructure(bytes);
        structure.ReadStruct(shape, MaximumDepth);
        return structure._rest.IsEmpty ? structure._known.WrittenSpan.ToArray() : throw Damaged();
    }

    /// <summary>Checks the structure at the start of bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="shape">The known fields.</param>
    /// <returns>The structure's length, and the values of its known 32-bit fields by their numbers.</returns>
    /// <exception cref="InvalidDataException">
    /// The bytes do not start with a complete structure, or a known field is of another kind.
    /// </exception>
    public static (int Length, IReadOnlyDictionary<int, int> Integers) CheckStart(ReadOnlySpan<byte> bytes, ThriftShape shape)
    {
        var structure = new ThriftStructure(bytes);
        var integers = new Dictionary<int, int>();
        structure.ReadStruct(shape, MaximumDepth, integers);
        return (bytes.Length - structure._rest.Length, integers);
    }

    /// <param name="shape">The known fields; null for an unknown structure.</param>
    /// <param name="depth">Maximum nesting of structures and lists.</param>
    /// <param name="integers">Receives the 32-bit fields of this structure; may be null.</param>
    private void ReadStruct(ThriftShape? shape, int depth, Dictionary<int, int>? integers = null)
    {
        if (depth <= 0) throw Damaged();
        for (int number = 0, written = 0; ;)
        {
            byte header = Take(1)[0];
            if (header == 0) break;
            var kind = (ThriftKind)(header & 0xF);
            if (kind == Stop) throw Damaged();
            // The difference to the previous number; 0 means that the number itself follows.
            number = (short)(header >> 4 is var difference and > 0 ? number + difference : Zigzag(Varint()));
            ThriftField? field = shape?.GetValueOrDefault(number);
            if (field is not null)
            {
                if (!field.Matches(kind)) throw Damaged();
                WriteHeader(number - written, number, kind);
                written = number;
            }

            // The kind of a boolean field is its value.
            if (kind == I32 && field is not null && integers is not null) integers[number] = Zigzag(Varint());
            else if (kind is not (True or False)) ReadValue(kind, field, depth);
        }

        if (shape is not null) Write(0);
    }

    /// <summary>Reads a value; an unknown one (<paramref name="field"/> is null) may be of any kind, and is dropped.</summary>
    private void ReadValue(ThriftKind kind, ThriftField? field, int depth)
    {
        ReadOnlySpan<byte> before = _rest;
        switch (kind)
        {
            case True or False or I8:
                Take(1);
                break;
            case I16 or I32 or I64:
                Varint();
                break;
            case Float64:
                Take(sizeof(double));
                break;
            case Binary:
                Take(Varint());
                break;
            case Uuid:
                Take(UuidLength);
                break;
            case Struct:
                ReadStruct(field?.Shape, depth - 1);
                return;
            case List or Set:
                byte header = Take(1)[0];
                ulong count = header >> 4 == 0xF ? Varint() : (ulong)(header >> 4);
                Write(before, field);
                ReadElements(count, (ThriftKind)(header & 0xF), field?.Element, depth);
                return;
            case Map:
                ReadMap(depth);
                return;
            default:
                throw Damaged();
        }

        Write(before, field);
    }

    private void ReadElements(ulong count, ThriftKind kind, ThriftField? element, int depth)
    {
        // Each element takes at least one byte.
        if (depth <= 0 || count > (ulong)_rest.Length || (count > 0 && element is not null && !element.Matches(kind))) throw Damaged();
        for (ulong i = 0; i < count; i++) ReadValue(kind, element, depth - 1);
    }

    /// <summary>Reads a map; the format does not use maps so far.</summary>
    private void ReadMap(int depth)
    {
        ulong count = Varint();
        if (depth <= 0 || count > (ulong)_rest.Length) throw Damaged();
        if (count == 0) return;
        byte kinds = Take(1)[0];
        for (ulong i = 0; i < count; i++)
        {
            ReadValue((ThriftKind)(kinds >> 4), null, depth - 1);
            ReadValue((ThriftKind)(kinds & 0xF), null, depth - 1);
        }
    }

    /// <summary>Writes the bytes read since, if the field is known.</summary>
    private readonly void Write(ReadOnlySpan<byte> before, ThriftField? field)
    {
        if (field is not null) _known.Write(before[..^_rest.Length]);
    }

    private readonly void WriteHeader(int difference, int number, ThriftKind kind)
    {
        if (difference is > 0 and <= 0xF)
        {
            Write((byte)(difference << 4 | (int)kind));
            return;
        }

        Write((byte)kind);
        uint rest = (uint)(number << 1 ^ number >> 31);
        for (; rest > 0x7F; rest >>= 7) Write((byte)(rest | 0x80));
        Write((byte)rest);
    }

    private readonly void Write(byte value) => _known.Write(new ReadOnlySpan<byte>(in value));

    private ulong Varint()
    {
        ulong value = 0;
        for (int i = 0; i < LongestVarint; i++)
        {
            byte part = Take(1)[0];
            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80) return value;
        }

        throw Damaged();
    }

    private static int Zigzag(ulong value) => (int)((value >> 1) ^ (0 - (value & 1)));

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length) throw Damaged();
        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private static InvalidDataException Damaged() => new("its metadata is damaged.");
}
