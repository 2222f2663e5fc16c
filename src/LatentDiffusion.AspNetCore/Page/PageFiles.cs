using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>The page's files, which are resources of this assembly.</summary>
internal static class PageFiles
{
    private const string Folder = "Page/", StartFile = "index.html";

    private static readonly Dictionary<string, PageFile> s_files = Read();

    /// <summary>A hash of all files, in hexadecimal.</summary>
    public static string Version { get; } = HashAll();

    /// <summary>A script, style or icon by its name; null if there is none.</summary>
    public static PageFile? Find(string name) => name == StartFile ? null : s_files.GetValueOrDefault(name);

    /// <summary>The page itself.</summary>
    /// <param name="api">Relative address of the API, with a final slash.</param>
    public static PageFile Start(string api)
    {
        PageFile file = s_files[StartFile];
        string text = Encoding.UTF8.GetString(file.Content).Replace("%ASSETS%", $"studio-{Version}").Replace("%API%", api);
        return new PageFile(file.MediaType, Encoding.UTF8.GetBytes(text));
    }

    private static Dictionary<string, PageFile> Read()
    {
        Assembly assembly = typeof(PageFiles).Assembly;
        var files = new Dictionary<string, PageFile>();
        foreach (string name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Folder, StringComparison.Ordinal)))
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            files.Add(name[Folder.Length..], new PageFile(MediaType(name), content));
        }

        return files;
    }

    private static string MediaType(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"The page has a file of the unknown type '{other}'."),
    };

    private static string HashAll()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, PageFile file) in s_files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(file.Content);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }
}
