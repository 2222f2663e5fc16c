namespace LatentDiffusion;

/// <summary>
/// The folder in which adapters are found that prompts name. A name is compared with those of the files there and is never part of a
/// path, so that a prompt cannot name files elsewhere.
/// </summary>
internal sealed class PromptLoraFolder(string folder)
{
    private static readonly string[] s_extensions = [".safetensors", ".pt", ".ckpt", ".bin"];

    // Links may lead out of the folder.
    private static readonly EnumerationOptions s_files = new()
    {
        RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Hidden | FileAttributes.System,
    };

    /// <summary>Path of the file of a name, in the folder or a folder in it.</summary>
    /// <exception cref="ArgumentException">The file does not exist, or several have the name.</exception>
    public string Find(string name)
    {
        string[] files = [.. Files().Where(path => Path.GetFileNameWithoutExtension(path) == name)];
        if (files.Length == 1) return files[0];
        string problem = files.Length > 1
            ? $"{files.Length} files of that name"
            : $"no such file; it has {MessageText.List([.. Files().Select(path => Path.GetFileNameWithoutExtension(path)!).Order()])}";
        string shown = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        throw new ArgumentException(MessageText.Truncate($"Prompt names the LoRA '{name}', but the folder '{shown}' has {problem}."));
    }

    /// <summary>Paths of the files whose names only one file has, by their names in order.</summary>
    public IReadOnlyDictionary<string, string> Named() => new OrderedDictionary<string, string>(
        Files().GroupBy(path => Path.GetFileNameWithoutExtension(path)).Where(paths => paths.Count() == 1)
            .OrderBy(paths => paths.Key, StringComparer.Ordinal)
            .Select(paths => KeyValuePair.Create(paths.Key, paths.Single())));

    private IEnumerable<string> Files() => Directory.EnumerateFiles(folder, "*", s_files)
        .Where(path => s_extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase));
}
