using static LatentDiffusion.Data.ThriftKind;

namespace LatentDiffusion.Data;

/// <summary>
/// Whether bytes are one structure of Thrift's compact protocol, from the first to the last, and each of its fields is known and of
/// its kind. Others lead the Parquet library, which goes by the numbers of fields and takes the end of the bytes for more of
/// them, into endless reading; this check takes at most one step a byte.
/// </summary>
/// <remarks>https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md</remarks>
internal ref struct ThriftStructure
{
    private const int MaximumDepth = 32, LongestVarint = 10;

    private ReadOnlySpan<byte> _rest;

    private ThriftStructure(ReadOnlySpan<byte> bytes) => _rest = bytes;

    /// <param name="bytes">The bytes.</param>
    /// <param name="shape">The fields that are known.</param>
    /// <exception cref="InvalidDataException">They are not.</exception>
    public static void Check(ReadOnlySpan<byte> bytes, ThriftShape shape)
    {
        var structure = new ThriftStructure(bytes);
        structure.SkipStruct(shape, MaximumDepth);
        if (!structure._rest.IsEmpty) throw Damaged();
    }

    private void SkipStruct(ThriftShape shape, int depth)
    {
        if (depth == 0) throw Damaged();
        for (int number = 0; ;)
        {
            byte header = Take(1)[0];
            if (header == 0) return;
            var kind = (ThriftKind)(header & 0xF);
            if (kind == Stop) throw Damaged();
            // The difference to the number before or, where that is 0, the number itself.
            number = (short)(header >> 4 is var difference and > 0 ? number + difference : Zigzag(Varint()));
            if (!shape.TryGetValue(number, out ThriftField? field) || !field.Matches(kind)) throw Damaged();
            // The value of a field that is true or false is its kind.
            if (kind is not (True or False)) Skip(kind, field, depth);
        }
    }

    private void Skip(ThriftKind kind, ThriftField field, int depth)
    {
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
            case List:
                byte header = Take(1)[0];
                SkipAll(header >> 4 == 0xF ? Varint() : (ulong)(header >> 4), (ThriftKind)(header & 0xF), field.Element!, depth);
                break;
            case Struct:
                SkipStruct(field.Shape!, depth - 1);
                break;
            default:
                throw Damaged();
        }
    }

    private void SkipAll(ulong count, ThriftKind kind, ThriftField element, int depth)
    {
        // Each takes a byte at least.
        if (depth == 0 || count > (ulong)_rest.Length || (count > 0 && !element.Matches(kind))) throw Damaged();
        for (ulong i = 0; i < count; i++) Skip(kind, element, depth - 1);
    }

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
