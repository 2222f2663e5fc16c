using System.Security.Cryptography;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>A file of the page.</summary>
/// <param name="MediaType">With the character set.</param>
/// <param name="Content">Its bytes.</param>
internal sealed record PageFile(string MediaType, byte[] Content)
{
    /// <summary>A hash of the content, in hexadecimal.</summary>
    public string Hash { get; } = Convert.ToHexStringLower(SHA256.HashData(Content).AsSpan(0, 8));
}
