using System.Text.RegularExpressions;

namespace LatentDiffusion.Hub;

/// <summary>The id of a model repository: <c>organisation/name</c>, or <c>name</c> for some old ones.</summary>
internal sealed partial record RepositoryId
{
    private RepositoryId(string text) => Text = text;

    public string Text { get; }

    /// <summary>The repository's folder in a cache.</summary>
    public string Folder => $"models--{Text.Replace("/", "--", StringComparison.Ordinal)}";

    /// <summary>Reads an id.</summary>
    /// <exception cref="ArgumentException">The text is not an id.</exception>
    public static RepositoryId Parse(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        string text = MessageText.Truncate(id, 100);
        return IsValid(id) ? new RepositoryId(id) : throw new ArgumentException(
            $"'{text}' is not the id of a repository; expected 'organisation/name' of letters, digits, '-', '_' and '.'.", nameof(id));
    }

    /// <summary>Whether a text is an id. The two hyphens are the separator of cache folders.</summary>
    public static bool IsValid(string id) => id.Length <= 96 && Form().IsMatch(id)
        && !id.Contains("--", StringComparison.Ordinal) && !id.Contains("..", StringComparison.Ordinal);

    public override string ToString() => Text;

    [GeneratedRegex(@"^(\w|\w[\w.-]*\w)(/(\w|\w[\w.-]*\w))?\z", RegexOptions.ECMAScript)]
    private static partial Regex Form();
}
