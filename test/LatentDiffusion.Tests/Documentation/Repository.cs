using System.Xml.Linq;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>The repository and its pages.</summary>
internal static class Repository
{
    public static string Root { get; } = Path.GetFullPath(BuildSettings.Get("RepositoryRoot"));

    /// <summary>The code of a file, with the usings that its project adds.</summary>
    /// <param name="file">Path of the file, from the root.</param>
    public static string ReadSource(string file)
    {
        string code = File.ReadAllText(Path.Combine(Root, file));
        if (file.StartsWith("samples/", StringComparison.Ordinal)) return code;
        var namespaces = XDocument.Load(Path.Combine(Root, "build", "Namespaces.props")).Descendants("Using")
            .Select(item => $"using {item.Attribute("Include")!.Value};\n");
        return $"{string.Concat(namespaces)}#line 1\n{code}";
    }

    /// <summary>Every page with code, from the root.</summary>
    public static IEnumerable<string> Pages
    {
        get
        {
            IEnumerable<string> readmes = Directory.EnumerateDirectories(Path.Combine(Root, "src"))
                .Select(folder => Path.Combine(folder, "README.md")).Where(File.Exists);
            IEnumerable<string> docs = Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md");
            string[] pages = [Path.Combine(Root, "README.md"), Path.Combine(Root, "samples", "README.md"), .. docs, .. readmes];
            return pages.Select(page => Path.GetRelativePath(Root, page).Replace('\\', '/')).Order(StringComparer.Ordinal);
        }
    }
}
