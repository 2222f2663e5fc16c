namespace LatentDiffusion.Checkpoints;

/// <summary>The header of a GGUF file, read and checked.</summary>
/// <param name="Version">Version of the format.</param>
/// <param name="Alignment">Of tensors, in bytes.</param>
/// <param name="Metadata">The metadata, in file order.</param>
/// <param name="Entries">Every tensor, in file order.</param>
internal sealed record GgufHeader(
    int Version, long Alignment, IReadOnlyDictionary<string, object> Metadata, IReadOnlyList<GgufEntry> Entries)
{
    public const string AlignmentKey = "general.alignment", OriginalShape = "comfy.gguf.orig_shape.";
    public const uint DefaultAlignment = 32;

    /// <summary>Maximum dimensions of a stored tensor in ggml, and of one with its original shape: the limit of libtorch.</summary>
    public const int MaximumDimensions = 4, MaximumOriginalDimensions = 64;

    // Versions 2 and 3 differ only in that version 3 also exists for big-endian machines.
    private const uint First = 2, Last = 3;

    private const int LongestName = 200;

    /// <summary>Minimum bytes of a metadata entry (key, type, one byte) and of a tensor (name, dimensions, type, offset).</summary>
    private const int LeastEntry = 13, LeastTensor = 24;

    /// <summary>The first bytes of every file.</summary>
    public static ReadOnlySpan<byte> Signature => "GGUF"u8;

    /// <summary>Reads a header and checks that its tensors lie within the file and do not overlap.</summary>
    /// <exception cref="FormatException">The header is invalid; the message says why.</exception>
    public static GgufHeader Read(CheckpointFile file)
    {
        var cursor = new GgufCursor(file);
        if (!cursor.Take(Signature.Length).SequenceEqual(Signature)) throw new FormatException("A GGUF file begins with 'GGUF'.");
        uint version = cursor.UInt32();
        if (version is < First or > Last) throw new FormatException(DescribeVersion(version));
        int tensors = cursor.Count(LeastTensor, "tensors"), entries = cursor.Count(LeastEntry, "metadata entries");
        OrderedDictionary<string, object> metadata = ReadMetadata(cursor, entries);
        long alignment = AlignmentOf(metadata);
        var stored = new List<(string Name, long[] Shape, GgufType Type, ulong Offset)>();
        for (int i = 0; i < tensors; i++) stored.Add(ReadTensor(cursor));
        long dataStart = checked((cursor.Position + alignment - 1) / alignment * alignment);
        var placed = new List<GgufEntry>(stored.Count);
        foreach (var tensor in stored) placed.Add(Place(tensor, metadata, alignment, dataStart, file.Length));
        Check(placed);
        return new GgufHeader((int)version, alignment, metadata, placed);
    }

    private static string DescribeVersion(uint version) => version switch
    {
        1 => "It is a GGUF file of version 1, which is not supported; expected version 2 or 3.",
        _ when (version & 0xffff) == 0 => "It is a big-endian GGUF file, which is not supported.",
        _ => $"It is a GGUF file of version {version}; expected 2 or 3.",
    };

    private static OrderedDictionary<string, object> ReadMetadata(GgufCursor cursor, int count)
    {
        var metadata = new OrderedDictionary<string, object>(StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            string key = cursor.Text("a metadata key", strict: true);
            if (!metadata.TryAdd(key, GgufValue.Read(cursor, key)))
                throw new FormatException($"The metadata contain '{MessageText.Truncate(key, LongestName)}' twice.");
        }

        return metadata;
    }

    private static long AlignmentOf(OrderedDictionary<string, object> metadata)
    {
        if (!metadata.TryGetValue(AlignmentKey, out object? value)) return DefaultAlignment;
        return value is uint alignment && uint.IsPow2(alignment)
            ? alignment
            : throw new FormatException(
                $"{AlignmentKey} is {MessageText.Truncate($"{value}", LongestName)}; expected a power of two as uint32.");
    }

    private static (string Name, long[] Shape, GgufType Type, ulong Offset) ReadTensor(GgufCursor cursor)
    {
        string name = cursor.Text("a tensor name", strict: true), shown = MessageText.Truncate(name, LongestName);
        uint dimensions = cursor.UInt32();
        if (dimensions > MaximumDimensions)
            throw new FormatException($"'{shown}' has {dimensions} dimensions; a GGUF tensor has at most {MaximumDimensions}.");
        var shape = new long[dimensions];
        for (int i = 0; i < dimensions; i++)
        {
            ulong size = cursor.UInt64();
            // The file has the innermost dimension first.
            shape[dimensions - 1 - i] = size <= long.MaxValue ? (long)size : throw Impossible(shown, [(long)(size >> 1)]);
        }

        uint code = cursor.UInt32();
        GgufType type = GgufType.Find(code)
            ?? throw new FormatException(
                $"'{shown}' is of the GGUF type {GgufValue.DescribeType(code)}; supported are {string.Join(", ", GgufType.All)}.");
        if (type.BlockElements > 1 && (shape.Length == 0 || shape[^1] % type.BlockElements != 0))
        {
            throw new FormatException(
                $"'{shown}' has the shape [{string.Join(", ", shape)}]; rows of {type} are multiples of {type.BlockElements}.");
        }

        return (name, shape, type, cursor.UInt64());
    }

    private static GgufEntry Place(
        (string Name, long[] Shape, GgufType Type, ulong Offset) tensor,
        OrderedDictionary<string, object> metadata,
        long alignment,
        long dataStart,
        long fileLength)
    {
        (string name, long[] shape, GgufType type, ulong offset) = tensor;
        string shown = MessageText.Truncate(name, LongestName);
        if (offset % (ulong)alignment != 0)
            throw new FormatException($"'{shown}' begins at byte {offset} of the data, which is not a multiple of {alignment}.");
        long length = ByteLength(shown, shape, type);
        if (offset > (ulong)fileLength || dataStart + (long)offset > fileLength - length)
        {
            throw new FormatException(
                $"'{shown}' needs {length} bytes from byte {offset} of the data on, of which there are "
                + $"{Math.Max(0, fileLength - dataStart)}: the file is truncated.");
        }

        long[] original = metadata.TryGetValue(OriginalShape + name, out object? value) ? Original(shown, value, shape) : shape;
        return new GgufEntry(new TensorEntry(name, type.Type, original, length), type, dataStart + (long)offset);
    }

    private static long[] Original(string name, object value, long[] stored)
    {
        long[]? shape = value switch
        {
            int[] sizes => Array.ConvertAll(sizes, size => (long)size),
            uint[] sizes => Array.ConvertAll(sizes, size => (long)size),
            long[] sizes => sizes,
            _ => null,
        };
        if (shape is null || shape.Length > MaximumOriginalDimensions || shape.Any(size => size < 0)
            || Elements(name, shape) != Elements(name, stored))
        {
            throw new FormatException(
                $"{OriginalShape}{name} is not a shape of as many values as the stored one, [{string.Join(", ", stored)}].");
        }

        return shape;
    }

    private static long ByteLength(string name, long[] shape, GgufType type)
    {
        long elements = Elements(name, shape);
        return elements / type.BlockElements <= long.MaxValue / type.BlockBytes ? type.BytesOf(elements) : throw Impossible(name, shape);
    }

    /// <summary>Number of values. A dimension of 0 counts as 1 in the check for overflow, as in the computation of strides.</summary>
    private static long Elements(string name, long[] shape)
    {
        long product = 1;
        foreach (long size in shape)
        {
            if (Math.BigMul(product, Math.Max(size, 1)) > long.MaxValue) throw Impossible(name, shape);
            product *= Math.Max(size, 1);
        }

        return shape.Contains(0) ? 0 : product;
    }

    private static void Check(List<GgufEntry> entries)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (entries.FirstOrDefault(e => !names.Add(e.Tensor.Name)) is { } twice)
            throw new FormatException($"'{MessageText.Truncate(twice.Tensor.Name, LongestName)}' occurs twice.");
        long end = 0;
        foreach (GgufEntry entry in entries.OrderBy(e => e.Start).ThenBy(e => e.Tensor.ByteLength))
        {
            if (entry.Start < end)
                throw new FormatException($"'{MessageText.Truncate(entry.Tensor.Name, LongestName)}' overlaps another tensor.");
            end = entry.Start + entry.Tensor.ByteLength;
        }
    }

    private static FormatException Impossible(string name, long[] shape) =>
        new($"'{name}' has the impossible shape [{string.Join(", ", shape)}].");
}
