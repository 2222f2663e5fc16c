using System.Security.Cryptography;
using System.Text;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The checksum of a training checkpoint: SHA-256 of its metadata, the checksum left out, and of its tensors' names,
/// types, shapes and bytes. Processors have instructions for it, so that it costs less than the disk.
/// </summary>
internal static class CheckpointChecksum
{
    /// <summary>Where in the metadata it is.</summary>
    public const string Key = "checksum";

    /// <summary>The checksum of the content to write.</summary>
    public static string Compute(IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string> metadata) =>
        Compute(
            metadata,
            tensors.Select(t => new Part(
                t.Key, t.Value.dtype, t.Value.shape, hash => TensorBytes.Drain(t.Value, t.Value.dtype, hash.AppendData))));

    /// <summary>Checks a file. One without a checksum, as earlier versions wrote them, is believed.</summary>
    /// <exception cref="CheckpointException">The file's content differs from the content that was written.</exception>
    public static void Verify(SafetensorsFile file)
    {
        if (file.Metadata.GetValueOrDefault(Key) is not { } written) return;
        string found = Compute(
            file.Metadata, file.Entries.Select(e => new Part(e.Name, e.DataType, e.Shape, hash => file.Show(e.Name, hash.AppendData))));
        if (found != written) throw new CheckpointException(file.Path, $"its checksum is {written}, and that of its contents {found}.");
    }

    private static string Compute(IReadOnlyDictionary<string, string> metadata, IEnumerable<Part> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string key, string value) in metadata.Where(m => m.Key != Key).OrderBy(m => m.Key, StringComparer.Ordinal))
            hash.AppendData(Encoding.UTF8.GetBytes($"{key}\n{value}\n"));
        foreach (Part part in parts.OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{part.Name}\n{part.Type}\n[{string.Join(',', part.Shape)}]\n"));
            part.AppendTo(hash);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A tensor, in memory or in a file.</summary>
    private sealed record Part(string Name, ScalarType Type, IReadOnlyList<long> Shape, Action<IncrementalHash> AppendTo);
}
