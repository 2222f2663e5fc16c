namespace LatentDiffusion.Runtime;

/// <summary>
/// Resolves all links in all components of a path, like realpath(3): the text of a single link does not reveal links in the
/// folders above it.
/// </summary>
internal static class RealPath
{
    // The limit of Linux.
    private const int MaximumLinks = 40;

    /// <summary>The path without links. Components that do not exist stay as they are.</summary>
    /// <param name="path">A path, relative or absolute.</param>
    /// <exception cref="IOException">The links lead in a circle.</exception>
    public static string Resolve(string path)
    {
        string full = Path.GetFullPath(path), resolved = Path.GetPathRoot(full)!;
        var pending = new Stack<string>();
        Push(full[resolved.Length..]);
        for (int links = 0; pending.TryPop(out string? name);)
        {
            if (name == ".") continue;
            if (name == "..")
            {
                resolved = Path.GetDirectoryName(resolved) ?? resolved;
                continue;
            }

            string next = Path.Combine(resolved, name);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = next;
                continue;
            }

            if (++links > MaximumLinks)
                throw new IOException($"'{path}' has a link that leads back to itself, or more than {MaximumLinks} links.");
            string root = Path.GetPathRoot(target)!;
            if (root.Length > 0) resolved = root;
            Push(target[root.Length..]);
        }

        return resolved;

        void Push(string relative)
        {
            string[] names = relative.Split(
                [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
            foreach (string name in names.Reverse()) pending.Push(name);
        }
    }

    /// <summary>Whether a path without links is a folder without links, or lies below it.</summary>
    public static bool IsWithin(string path, string folder) =>
        path == folder
        || path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
