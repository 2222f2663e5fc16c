using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Writes safetensors files as the reference implementation does: sorted by element size, largest first, then by name, with
/// the header padded with spaces to a multiple of 8 bytes. The same tensors and metadata always give the same bytes.
/// </summary>
public static class SafetensorsWriter
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes a file atomically: an existing file is replaced only when the new one is complete and on the disk.</summary>
    /// <param name="path">Path of the file. Its folder must exist.</param>
    /// <param name="tensors">The tensors by name, on any device; they are streamed, not copied as a whole.</param>
    /// <param name="metadata">Text entries for the header, written in their order; null for none.</param>
    /// <param name="floatingPoint">Type to convert floating-point tensors to; null keeps the type of each tensor.</param>
    /// <exception cref="ArgumentException">A name occurs twice, is reserved, or is not valid Unicode.</exception>
    /// <exception cref="NotSupportedException">The format does not support the data type of a tensor.</exception>
    public static void Write(
        string path,
        IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        ScalarType? floatingPoint = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        Write(path, tensors.Select(t => WrittenTensor.FromTensor(t.Key, t.Value)), metadata, floatingPoint);
    }

    /// <summary>The same for tensors some of which are made while they are written.</summary>
    internal static void Write(
        string path, IEnumerable<WrittenTensor> tensors, IReadOnlyDictionary<string, string>? metadata, ScalarType? floatingPoint)
    {
        var parts = tensors.Select(t => new Part(t, floatingPoint)).ToList();
        parts.Sort();
        if (metadata is not null && metadata.ContainsKey(ModelSpec.HashKey))
            metadata = new Dictionary<string, string>(metadata) { [ModelSpec.HashKey] = $"0x{Hash(parts)}" };
        byte[] header = Header(parts, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (Part part in parts) part.Tensor.Use(values => TensorBytes.Drain(values, part.Stored, stream.Write));
        });
    }

    /// <inheritdoc cref="Write(string, IEnumerable{KeyValuePair{string, Tensor}}, IReadOnlyDictionary{string, string}?, ScalarType?)"/>
    public static void Write(
        string path,
        IEnumerable<(string Name, Tensor Tensor)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        ScalarType? floatingPoint = null) =>
        Write(path, tensors.Select(t => KeyValuePair.Create(t.Name, t.Tensor)), metadata, floatingPoint);

    /// <summary>SHA-256 of the values as they are written.</summary>
    private static string Hash(List<Part> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Part part in parts) part.Tensor.Use(values => TensorBytes.Drain(values, part.Stored, bytes => hash.AppendData(bytes)));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static byte[] Header(List<Part> parts, IReadOnlyDictionary<string, string>? metadata)
    {
        var names = new HashSet<string>();
        var json = new StringBuilder("{");
        if (metadata is not null)
        {
            Append(json, SafetensorsHeader.MetadataKey).Append(":{");
            foreach ((string key, string value) in metadata) Append(Append(json, key).Append(':'), value).Append(',');
            if (metadata.Count > 0) json.Length--;
            json.Append("},");
        }

        long position = 0;
        foreach (Part part in parts)
        {
            if (part.Name == SafetensorsHeader.MetadataKey || !names.Add(part.Name))
                throw new ArgumentException($"The tensor name '{part.Name}' is reserved or occurs twice.");
            string shape = string.Join(',', part.Tensor.Shape);
            long end = position + part.Length;
            Append(json, part.Name).Append(
                CultureInfo.InvariantCulture,
                $$""":{"dtype":"{{part.Kind.Name}}","shape":[{{shape}}],"data_offsets":[{{position}},{{end}}]},""");
            position = end;
        }

        if (json[^1] == ',') json.Length--;
        json.Append('}');
        int unpadded = s_utf8.GetByteCount(json.ToString());
        json.Append(' ', -unpadded & 7);
        return s_utf8.GetBytes(json.ToString());
    }

    /// <summary>Appends a JSON string with the fewest possible escapes, as the reference implementation writes it.</summary>
    private static StringBuilder Append(StringBuilder json, string text)
    {
        json.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => json.Append("\\\""),
                '\\' => json.Append("\\\\"),
                '\b' => json.Append("\\b"),
                '\f' => json.Append("\\f"),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                < ' ' => json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => json.Append(c),
            };
        }

        return json.Append('"');
    }

    /// <summary>One tensor and how it is stored.</summary>
    private sealed class Part : IComparable<Part>
    {
        private readonly byte[] _sortKey;

        public Part(WrittenTensor tensor, ScalarType? floatingPoint)
        {
            Tensor = tensor;
            Stored = floatingPoint is { } type && CheckpointOptions.IsFloat(tensor.Type) ? type : tensor.Type;
            Kind = StoredType.Writable(Stored);
            Length = tensor.Shape.Aggregate(1L, (product, size) => product * size) * Kind.Size;

            // Sorted by UTF-8 bytes, as in the reference: UTF-16 orders characters outside the basic plane differently.
            _sortKey = s_utf8.GetBytes(Name);
        }

        public string Name => Tensor.Name;

        public WrittenTensor Tensor { get; }

        public ScalarType Stored { get; }

        public StoredType Kind { get; }

        public long Length { get; }

        public int CompareTo(Part? other) =>
            other!.Kind.Rank != Kind.Rank
                ? other.Kind.Rank.CompareTo(Kind.Rank)
                : _sortKey.AsSpan().SequenceCompareTo(other._sortKey);
    }
}
