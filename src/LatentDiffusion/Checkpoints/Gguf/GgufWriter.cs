using System.Runtime.InteropServices;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Writes GGUF files of version 3 and quantises on the way, with scales that cover the range of each block. The same tensors and metadata
/// always give the same bytes.
/// </summary>
public static class GgufWriter
{
    private const uint Version = 3;

    /// <summary>Values that one thread quantises at a time.</summary>
    private const int Portion = 1 << 14;

    /// <summary>Writes a file atomically: an existing file is replaced only when the new one is complete and on the disk.</summary>
    /// <param name="path">Path of the file. Its folder must exist.</param>
    /// <param name="tensors">The tensors, written in their order, one at a time.</param>
    /// <param name="metadata">
    /// Values of the types that <see cref="GgufFile.Metadata"/> lists, written in their order; null for none. <c>general.alignment</c>
    /// (uint) sets the alignment, 32 by default.
    /// </param>
    /// <exception cref="ArgumentException">
    /// A name occurs twice, a metadata value has a type that the format does not have, the alignment is not a power of two, or a quantised
    /// tensor has values that are not finite.
    /// </exception>
    public static void Write(string path, IEnumerable<GgufTensor> tensors, IReadOnlyDictionary<string, object>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        GgufTensor[] all = [.. tensors];
        uint alignment = AlignmentOf(metadata);
        byte[] header = Header(all, metadata ?? new Dictionary<string, object>(), alignment);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (GgufTensor tensor in all)
            {
                tensor.Use(values => WriteValues(stream, tensor, values));
                stream.Write(new byte[Padding(tensor.Type.BytesOf(tensor.Elements), alignment)]);
            }
        });
    }

    /// <summary>Writes tensors with the types that <see cref="GgufTensor.Create"/> chooses.</summary>
    /// <param name="path">Path of the file. Its folder must exist.</param>
    /// <param name="tensors">The tensors by name, on any device.</param>
    /// <param name="matrices">Type of matrices and kernels.</param>
    /// <param name="metadata">The metadata; null for none.</param>
    /// <inheritdoc cref="Write(string, IEnumerable{GgufTensor}, IReadOnlyDictionary{string, object}?)" path="/exception"/>
    public static void Write(
        string path,
        IEnumerable<KeyValuePair<string, Tensor>> tensors,
        GgufType matrices,
        IReadOnlyDictionary<string, object>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        Write(path, tensors.Select(t => GgufTensor.Create(t.Key, t.Value, matrices)), metadata);
    }

    private static uint AlignmentOf(IReadOnlyDictionary<string, object>? metadata)
    {
        if (metadata is null || !metadata.TryGetValue(GgufHeader.AlignmentKey, out object? value)) return GgufHeader.DefaultAlignment;
        return value is uint alignment && uint.IsPow2(alignment)
            ? alignment
            : throw new ArgumentException($"{GgufHeader.AlignmentKey} is {value}; expected a power of two as uint.", nameof(metadata));
    }

    private static byte[] Header(GgufTensor[] tensors, IReadOnlyDictionary<string, object> metadata, uint alignment)
    {
        GgufTensor[] reshaped = [.. tensors.Where(t => !t.StoredShape.SequenceEqual(t.Shape))];
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory);
        writer.Write(GgufHeader.Signature);
        writer.Write(Version);
        writer.Write((ulong)tensors.Length);
        writer.Write((ulong)(metadata.Count + reshaped.Length));
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string key, object value) in metadata) WriteEntry(key, value);
        foreach (GgufTensor tensor in reshaped)
            WriteEntry(GgufHeader.OriginalShape + tensor.Name, tensor.Shape.Select(size => checked((int)size)).ToArray());
        var names = new HashSet<string>(StringComparer.Ordinal);
        ulong position = 0;
        foreach (GgufTensor tensor in tensors)
        {
            if (!names.Add(tensor.Name)) throw new ArgumentException($"The tensor name '{tensor.Name}' occurs twice.", nameof(tensors));
            GgufValue.WriteText(writer, tensor.Name);
            writer.Write((uint)tensor.StoredShape.Count);
            foreach (long size in tensor.StoredShape.Reverse()) writer.Write((ulong)size);
            writer.Write((uint)tensor.Type.Code);
            writer.Write(position);
            long length = tensor.Type.BytesOf(tensor.Elements);
            position += (ulong)(length + Padding(length, alignment));
        }

        writer.Write(new byte[Padding(memory.Length, alignment)]);
        return memory.ToArray();

        void WriteEntry(string key, object value)
        {
            if (!keys.Add(key)) throw new ArgumentException($"The metadata key '{key}' occurs twice.", nameof(metadata));
            GgufValue.WriteText(writer, key);
            GgufValue.Write(writer, value, key);
        }
    }

    private static long Padding(long length, uint alignment) => -length & (alignment - 1);

    private static void WriteValues(Stream stream, GgufTensor tensor, Tensor values)
    {
        if (tensor.Type.Quantize is null)
        {
            TensorBytes.Drain(values, tensor.Type.Type, stream.Write);
            return;
        }

        TensorBytes.Drain(values, ScalarType.Float32, bytes =>
        {
            float[] piece = MemoryMarshal.Cast<byte, float>(bytes).ToArray();
            if (!float.IsFinite(TensorPrimitives.MaxMagnitude(piece)))
                throw new ArgumentException($"'{tensor.Name}' has values that are not finite, which {tensor.Type} cannot hold.");
            stream.Write(Quantized(piece, tensor.Type));
        });
    }

    private static byte[] Quantized(float[] values, GgufType type)
    {
        var blocks = new byte[type.BytesOf(values.Length)];
        Parallel.For(0, (values.Length + Portion - 1) / Portion, portion =>
        {
            int first = portion * Portion, count = Math.Min(Portion, values.Length - first);
            Span<byte> target = blocks.AsSpan((int)type.BytesOf(first), (int)type.BytesOf(count));
            type.Quantize!(values.AsSpan(first, count), target);
        });
        return blocks;
    }
}
