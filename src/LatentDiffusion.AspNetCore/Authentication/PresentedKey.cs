using System.Net.Http.Headers;
using System.Text;

namespace LatentDiffusion.AspNetCore.Authentication;

/// <summary>The key of a request's <c>Authorization</c> header.</summary>
/// <param name="Value">The key.</param>
/// <param name="IsBasic">Whether it is the password of basic authentication, which browsers send by themselves.</param>
internal readonly record struct PresentedKey(string Value, bool IsBasic)
{
    /// <summary>Reads the header; null where it is missing or has another scheme.</summary>
    public static PresentedKey? Read(HttpRequest request)
    {
        if (!AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out AuthenticationHeaderValue? header)) return null;
        if (header.Parameter is not { Length: > 0 } parameter) return null;
        if (header.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)) return new PresentedKey(parameter, false);
        return header.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) && Password(parameter) is { } password
            ? new PresentedKey(password, true)
            : null;
    }

    private static string? Password(string base64)
    {
        var bytes = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, bytes, out int length)) return null;
        string text = Encoding.UTF8.GetString(bytes, 0, length);
        int colon = text.IndexOf(':');
        return colon < 0 ? null : text[(colon + 1)..];
    }
}
