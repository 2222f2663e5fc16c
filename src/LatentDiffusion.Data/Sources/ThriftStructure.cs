namespace LatentDiffusion.Data;

/// <summary>
/// Whether bytes are one structure of Thrift's compact protocol, from the first to the last. Damaged structures lead the
/// Parquet library, which takes the end of the bytes for more of them, into endless reading; this check takes at most one
/// step a byte.
/// </summary>
/// <remarks>https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md</remarks>
internal ref struct ThriftStructure
{
    private const int MaximumDepth = 32, LongestVarint = 10;

    private ReadOnlySpan<byte> _rest;

    private ThriftStructure(ReadOnlySpan<byte> bytes) => _rest = bytes;

    private enum Kind
    {
        Stop, True, False, Byte, Int16, Int32, Int64, Double, Binary, List, Set, Map, Struct, Uuid,
    }

    /// <exception cref="InvalidDataException">They are not.</exception>
    public static void Check(ReadOnlySpan<byte> bytes)
    {
        var structure = new ThriftStructure(bytes);
        structure.SkipStruct(MaximumDepth);
        if (!structure._rest.IsEmpty) throw Damaged();
    }

    private void SkipStruct(int depth)
    {
        if (depth == 0) throw Damaged();
        while (true)
        {
            byte header = Take(1)[0];
            var kind = (Kind)(header & 0xF);
            if (header == 0) return;
            if (kind == Kind.Stop) throw Damaged();
            // Without a difference to the field before, the field's number follows.
            if (header >> 4 == 0) Varint();
            // The value of a field that is true or false is its kind.
            if (kind is not (Kind.True or Kind.False)) Skip(kind, depth);
        }
    }

    private void Skip(Kind kind, int depth)
    {
        switch (kind)
        {
            case Kind.True or Kind.False or Kind.Byte:
                Take(1);
                break;
            case Kind.Int16 or Kind.Int32 or Kind.Int64:
                Varint();
                break;
            case Kind.Double:
                Take(sizeof(double));
                break;
            case Kind.Uuid:
                Take(16);
                break;
            case Kind.Binary:
                Take(Varint());
                break;
            case Kind.List or Kind.Set:
                SkipList(depth);
                break;
            case Kind.Map:
                SkipMap(depth);
                break;
            case Kind.Struct:
                SkipStruct(depth - 1);
                break;
            default:
                throw Damaged();
        }
    }

    private void SkipList(int depth)
    {
        byte header = Take(1)[0];
        ulong count = header >> 4 == 0xF ? Varint() : (ulong)(header >> 4);
        // Each takes a byte at least.
        if (depth == 0 || count > (ulong)_rest.Length) throw Damaged();
        for (ulong i = 0; i < count; i++) Skip((Kind)(header & 0xF), depth - 1);
    }

    private void SkipMap(int depth)
    {
        ulong count = Varint();
        if (count == 0) return;
        byte kinds = Take(1)[0];
        if (depth == 0 || count > (ulong)_rest.Length) throw Damaged();
        for (ulong i = 0; i < count; i++)
        {
            Skip((Kind)(kinds >> 4), depth - 1);
            Skip((Kind)(kinds & 0xF), depth - 1);
        }
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

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length) throw Damaged();
        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private static InvalidDataException Damaged() => new("its metadata is damaged.");
}
