namespace LatentDiffusion.Hub;

/// <summary>Names that a server or a caller gives and that become paths in the cache, none of which leads out of it.</summary>
internal static class HubPath
{
    private const int Longest = 500;

    // Of Windows; a cache may be shared or copied.
    private static readonly char[] s_refused = ['\\', ':', '*', '?', '"', '<', '>', '|'];

    /// <summary>Whether a text is a relative path within a folder.</summary>
    public static bool IsRelative(string path) => path.Length is > 0 and <= Longest
        && path.Split('/').All(part => part is not ("" or "." or "..")) && path.IndexOfAny(s_refused) < 0 && !path.Any(char.IsControl);

    /// <summary>Whether a text is the name of one entry of a folder.</summary>
    public static bool IsName(string name) => IsRelative(name) && !name.Contains('/');

    /// <summary>A path of the system from one with <c>/</c>.</summary>
    public static string Under(string folder, string path) => Path.Combine([folder, .. path.Split('/')]);

    /// <summary>The path in a URL.</summary>
    public static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
