namespace LatentDiffusion;

/// <summary>Parts of what a file says, short enough for a message.</summary>
internal static class Excerpt
{
    private const int MaximumText = 200, MaximumName = 60, MaximumNames = 12;

    /// <summary>The beginning of a text.</summary>
    public static string Of(string text) => Cut(text, MaximumText);

    /// <summary>The first of several names, and how many more there are.</summary>
    public static string List(IReadOnlyCollection<string> names)
    {
        string first = string.Join(", ", names.Take(MaximumNames).Select(name => Cut(name, MaximumName)));
        return names.Count > MaximumNames ? $"{first} and {names.Count - MaximumNames} more" : first;
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : $"{text[..length]}…";
}
