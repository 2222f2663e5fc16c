using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LatentDiffusion.Hub.Tests;

/// <summary>
/// The content of a file on the test server, with the hashes that a hub gives it. They are computed here, independently of the library.
/// </summary>
internal sealed class Content
{
    public Content(byte[] bytes, bool isLarge = true)
    {
        Bytes = bytes;
        byte[] header = Encoding.ASCII.GetBytes("blob " + bytes.Length.ToString(CultureInfo.InvariantCulture) + "\0");
        Tag = isLarge ? Convert.ToHexStringLower(SHA256.HashData(bytes)) : Convert.ToHexStringLower(SHA1.HashData([.. header, .. bytes]));
        IsLarge = isLarge;
    }

    public byte[] Bytes { get; }

    /// <summary>Whether the hub keeps it on a content network and hashes it with SHA-256, as Git LFS does.</summary>
    public bool IsLarge { get; }

    public string Tag { get; }

    public static Content Random(int seed, int length, bool isLarge = true)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return new Content(bytes, isLarge);
    }

    public static Content Text(string text) => new(Encoding.UTF8.GetBytes(text), isLarge: false);
}
