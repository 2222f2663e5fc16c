namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Names of models as the web UI's clients write them: also with the extension of a file, or with a hash behind it.</summary>
internal static class ModelNames
{
    private static readonly string[] s_extensions = [".safetensors", ".ckpt"];

    /// <exception cref="ApiError">There is no such model.</exception>
    public static string Find(string name, IReadOnlyList<string> models) =>
        Forms(name).FirstOrDefault(models.Contains)
        ?? throw ApiError.NotFound(
            $"Model not found: '{MessageText.Truncate(name, 100)}'; available are {MessageText.List([.. models])}.");

    private static IEnumerable<string> Forms(string name)
    {
        yield return name;
        int hash = name.EndsWith(']') ? name.LastIndexOf(" [", StringComparison.Ordinal) : -1;
        if (hash > 0) yield return name = name[..hash];
        foreach (string extension in s_extensions.Where(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase)))
            yield return name[..^extension.Length];
    }
}
