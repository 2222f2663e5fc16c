using System.Security.Cryptography;

namespace LatentDiffusion.Judge;

/// <summary>Twelve digits that tell files apart: what was measured of one model must not be taken for another's.</summary>
internal static class Fingerprint
{
    private const int Digits = 12, SomeDrawings = 16;

    /// <summary>Of all files of a folder and those below it, by content and name.</summary>
    public static string OfFolder(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string path in Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(Path.GetRelativePath(folder, path).Replace('\\', '/')));
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(path)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..Digits];
    }

    /// <summary>Of some of a set's drawings: a change of how things are drawn shows in any of them.</summary>
    public static string OfDrawings(DrawingSet set) =>
        Convert.ToHexStringLower(SHA256.HashData(set.Take(SomeDrawings).SelectMany(d => d.Image.Rgb.ToArray()).ToArray()))[..Digits];

    /// <summary>Of one file's content.</summary>
    public static string OfFile(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))[..Digits];
}
