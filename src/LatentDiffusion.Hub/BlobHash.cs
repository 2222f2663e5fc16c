using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LatentDiffusion.Hub;

/// <summary>Checks a file by the name of its blob: the SHA-256 of large files, git's SHA-1 of small ones.</summary>
internal static class BlobHash
{
    private const int BufferSize = 1 << 20;

    /// <summary>Whether a tag is a hash that can be checked.</summary>
    public static bool IsChecked(string tag) => tag.Length is 40 or 64 && tag.All(char.IsAsciiHexDigitLower);

    /// <summary>Reads the file from the disk and compares.</summary>
    /// <returns>The file's hash where it differs; null where it agrees, or the tag is not a hash.</returns>
    public static async Task<string?> DifferenceAsync(string path, string tag, CancellationToken cancellationToken)
    {
        if (!IsChecked(tag)) return null;
        // The download has the file open for writing.
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        using var hash = IncrementalHash.CreateHash(tag.Length == 64 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        // The name of a git blob covers this header.
        if (tag.Length == 40)
            hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Length}\0")));
        byte[] buffer = new byte[(int)Math.Clamp(file.Length, 1, BufferSize)];
        while (await file.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var count)
            hash.AppendData(buffer, 0, count);
        string found = Convert.ToHexStringLower(hash.GetHashAndReset());
        return found == tag ? null : found;
    }
}
