using System.Net;

namespace Studio;

/// <summary>Rules of the addresses that a server listens at.</summary>
internal static class ListenAddress
{
    /// <summary>What is wrong with an address; null if nothing is.</summary>
    public static string? Refusal(string url)
    {
        const string Expected = "expected for example http://127.0.0.1:7860.";
        if (!Uri.TryCreate(Concrete(url), UriKind.Absolute, out Uri? address)) return Expected;
        if (address.Scheme == Uri.UriSchemeHttps) return "expected http; a proxy in front of the server adds TLS.";
        return address.Scheme != Uri.UriSchemeHttp || address.PathAndQuery != "/" ? Expected : null;
    }

    /// <summary>Whether only this machine reaches an address.</summary>
    public static bool IsLocal(string url) =>
        Uri.TryCreate(Concrete(url), UriKind.Absolute, out Uri? address)
        && (address.IsLoopback || (IPAddress.TryParse(address.Host, out IPAddress? ip) && IPAddress.IsLoopback(ip)));

    // Kestrel's names for all addresses, which are not names of hosts.
    private static string Concrete(string url) => url.Replace("://*", "://0.0.0.0", StringComparison.Ordinal)
        .Replace("://+", "://0.0.0.0", StringComparison.Ordinal);
}
