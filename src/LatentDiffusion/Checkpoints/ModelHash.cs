using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Hashes by which other programs and sites name model files, in lower-case hexadecimal digits. A file is read once: later calls in the
/// process return the same hash unless its length or time of writing has changed.
/// </summary>
public static class ModelHash
{
    private const int ShortLength = 10, LegacyLength = 8;

    /// <summary>The part of a file that the legacy hash reads.</summary>
    private const int LegacyStart = 0x100000, LegacyCount = 0x10000;

    private static readonly ConcurrentDictionary<(Kind Kind, string Path), (long Length, DateTime Written, string Hash)> s_known = new();

    private enum Kind
    {
        File, Legacy, Tensors,
    }

    /// <summary>SHA-256 of the file.</summary>
    /// <param name="path">Path of the file.</param>
    /// <returns>64 digits.</returns>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    public static string Sha256(string path) => Find(Kind.File, path, file => Compute(file, 0, file.Length));

    /// <summary>The start of <see cref="Sha256"/>: the web UI's <c>Model hash</c>, AutoV2 of Civitai.</summary>
    /// <param name="path">Path of the file.</param>
    /// <returns>10 digits.</returns>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    public static string Short(string path) => Sha256(path)[..ShortLength];

    /// <summary>The web UI's <c>Model hash</c> before 2023, AutoV1 of Civitai: SHA-256 of the 64 KiB after the first MiB.</summary>
    /// <param name="path">Path of the file.</param>
    /// <returns>8 digits.</returns>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    public static string Legacy(string path) => Find(Kind.Legacy, path, file =>
    {
        long start = Math.Min(LegacyStart, file.Length);
        return Compute(file, start, Math.Min(LegacyCount, file.Length - start))[..LegacyLength];
    });

    /// <summary>
    /// SHA-256 of a safetensors file without its header, which therefore does not change with its metadata. Its first 12 digits are the web
    /// UI's <c>Lora hashes</c> and AutoV3 of Civitai. For a file of another format, that of the file.
    /// </summary>
    /// <param name="path">Path of the file.</param>
    /// <returns>64 digits.</returns>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    public static string Tensors(string path) => Find(Kind.Tensors, path, file =>
    {
        const int Prefix = sizeof(ulong);
        if (file.Length < Prefix) return Compute(file, 0, file.Length);
        ulong header = Path.GetExtension(path).Equals(".safetensors", StringComparison.OrdinalIgnoreCase)
            ? BinaryPrimitives.ReadUInt64LittleEndian(file.Read(0, Prefix))
            : ulong.MaxValue;
        long start = header <= (ulong)(file.Length - Prefix) ? (long)header + Prefix : 0;
        return Compute(file, start, file.Length - start);
    });

    private static string Find(Kind kind, string path, Func<CheckpointFile, string> compute)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var info = new FileInfo(RealPath.Resolve(path));
        if (!info.Exists) throw new FileNotFoundException($"The file '{MessageText.Truncate(path, 300)}' does not exist.", path);
        (Kind, string) key = (kind, info.FullName);
        if (s_known.TryGetValue(key, out var known) && known.Length == info.Length && known.Written == info.LastWriteTimeUtc)
            return known.Hash;
        using var file = new CheckpointFile(path);
        string hash = compute(file);
        s_known[key] = (info.Length, info.LastWriteTimeUtc, hash);
        return hash;
    }

    private static string Compute(CheckpointFile file, long start, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        file.Show(start, length, bytes => hash.AppendData(bytes));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
