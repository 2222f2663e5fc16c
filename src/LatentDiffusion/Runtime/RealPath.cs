namespace LatentDiffusion.Runtime;

/// <summary>Paths with every link in every component followed, as realpath(3) resolves them: a comparison of the text of one link misses links in the folders above it.</summary>
internal static class RealPath
{
    // As many as Linux follows.
    private const int MaximumLinks = 40;

    /// <summary>The path without links. Components that do not exist stay as they are.</summary>
    /// <param name="path">A path, relative or absolute.</param>
    /// <exception cref="IOException">The links lead in a circle.</exception>
    public static string Of(string path)
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

            if (++links > MaximumLinks) throw new IOException($"'{path}' has a link that leads back to itself, or more than {MaximumLinks} links.");
            string root = Path.GetPathRoot(target)!;
            if (root.Length > 0) resolved = root;
            Push(target[root.Length..]);
        }

        return resolved;

        void Push(string relative)
        {
            foreach (string name in relative.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries).Reverse()) pending.Push(name);
        }
    }

    /// <summary>Whether a path without links is a folder without links, or lies below it.</summary>
    public static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
