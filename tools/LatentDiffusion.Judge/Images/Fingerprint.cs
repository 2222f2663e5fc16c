using System.Security.Cryptography;

namespace LatentDiffusion.Judge;

/// <summary>Twelve hexadecimal digits that identify files, so that results of one model are not taken for those of another.</summary>
internal static class Fingerprint
{
    private const int Digits = 12, SomeDrawings = 16;

    /// <summary>Of all files in a folder and its subfolders, by content and name.</summary>
    public static string HashFolder(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string path in Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(Path.GetRelativePath(folder, path).Replace('\\', '/')));
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(path)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..Digits];
    }

    /// <summary>Of some drawings of a set: a change in how things are drawn changes any of them.</summary>
    public static string HashDrawings(DrawingSet set) =>
        Convert.ToHexStringLower(SHA256.HashData(set.Take(SomeDrawings).SelectMany(d => d.Image.Rgb.ToArray()).ToArray()))[..Digits];

    /// <summary>Of the content of one file.</summary>
    public static string HashFile(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))[..Digits];
}
