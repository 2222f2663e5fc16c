namespace LatentDiffusion.Tests.Documentation;

/// <summary>A file or folder that a snippet names, to be written with small content.</summary>
/// <param name="Path">Where it is written.</param>
/// <param name="Texts">All texts of the snippet: they name the model that a part or an adapter is for.</param>
/// <param name="Shared">Folder of what is made once and copied, for all snippets.</param>
internal sealed record StandIn(string Path, IReadOnlyList<string> Texts, string Shared)
{
    /// <summary>Its name, without the folders.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>The last parts of all texts, except of paths in the repository.</summary>
    public IEnumerable<string> Names => Texts.Where(text => !text.StartsWith("src/", StringComparison.Ordinal)).Select(NameOf);

    /// <summary>The last part of a path.</summary>
    public static string NameOf(string text) => text.Split('/')[^1];

    /// <summary>Copies what is made once.</summary>
    /// <param name="key">Its name among what is made.</param>
    /// <param name="make">Writes the file or folder.</param>
    public void Copy(string key, Action<string> make)
    {
        string made = Made(key, make);
        if (File.Exists(made))
        {
            File.Copy(made, Path, overwrite: true);
            return;
        }

        foreach (string file in Directory.EnumerateFiles(made, "*", SearchOption.AllDirectories))
        {
            string target = System.IO.Path.Combine(Path, System.IO.Path.GetRelativePath(made, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }

    /// <summary>Path of what is made once.</summary>
    /// <param name="key">Its name among what is made.</param>
    /// <param name="make">Writes the file or folder.</param>
    public string Made(string key, Action<string> make)
    {
        string made = System.IO.Path.Combine(Shared, key);
        if (!System.IO.Path.Exists(made)) make(made);
        return made;
    }
}
