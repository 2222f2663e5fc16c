using System.Security.Cryptography;
using System.Text;

namespace LatentDiffusion.Runtime;

/// <summary>A hash that is the same in every process and on every machine.</summary>
internal static class StableHash
{
    /// <summary>SHA-256 of the UTF-8 text, in hexadecimal.</summary>
    public static string Compute(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
