using System.Runtime.InteropServices;
using System.Security.Cryptography;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>SHA-256 of the results of one case, a separate hash for each kind of result.</summary>
internal sealed class GoldenHashes : IDisposable
{
    private readonly SortedDictionary<string, IncrementalHash> _hashes = new(StringComparer.Ordinal);

    /// <summary>Adds the shape and the bytes of a tensor.</summary>
    public void Add(string kind, Tensor values)
    {
        using Tensor onCpu = values.detach().cpu(), contiguous = onCpu.contiguous();
        Hash(kind).AppendData(MemoryMarshal.AsBytes(contiguous.shape.AsSpan()));
        Hash(kind).AppendData(contiguous.bytes);
    }

    /// <summary>Adds the size and the pixels of an image.</summary>
    public void Add(string kind, ImageBuffer image)
    {
        Hash(kind).AppendData(MemoryMarshal.AsBytes((ReadOnlySpan<int>)[image.Width, image.Height]));
        Hash(kind).AppendData(image.Rgb.ToArray());
    }

    /// <summary>Adds a number.</summary>
    public void Add(string kind, double number) => Hash(kind).AppendData(BitConverter.GetBytes(number));

    /// <summary>Kinds of results and their hashes in hexadecimal.</summary>
    public IReadOnlyList<(string Kind, string Hash)> Finish() =>
        [.. _hashes.Select(h => (h.Key, Convert.ToHexStringLower(h.Value.GetHashAndReset())))];

    public void Dispose()
    {
        foreach (IncrementalHash hash in _hashes.Values) hash.Dispose();
    }

    private IncrementalHash Hash(string kind)
    {
        if (_hashes.TryGetValue(kind, out IncrementalHash? hash)) return hash;
        hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _hashes.Add(kind, hash);
        return hash;
    }
}
