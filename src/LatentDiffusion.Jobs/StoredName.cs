using System.Text.RegularExpressions;

namespace LatentDiffusion.Jobs;

/// <summary>
/// The form of names in an <see cref="IImageStore"/>, which is safe as a path and in a URL. For implementations of stores.
/// </summary>
public static partial class StoredName
{
    /// <summary>The most characters of a name.</summary>
    public const int MaximumLength = 200;

    /// <summary>Whether a text is a name: parts separated by <c>/</c>.</summary>
    /// <param name="name">The text.</param>
    public static bool IsValid(string? name) =>
        name is { Length: > 0 and <= MaximumLength } && name.Split('/').All(IsValidPart);

    /// <summary>Whether a text is one part of a name, as the identifiers of jobs are.</summary>
    /// <param name="part">The text.</param>
    public static bool IsValidPart(string? part) =>
        part is { Length: > 0 and <= MaximumLength } && Form().IsMatch(part) && !Device().IsMatch(part);

    /// <summary>Checks a name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ArgumentException">It has another form.</exception>
    public static void Check(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (IsValid(name)) return;
        throw new ArgumentException(
            $"Name is '{MessageText.Truncate(name, 100)}'; expected at most {MaximumLength} characters: parts of letters, digits, "
            + "'-', '_' and '.', separated by '/', each of which begins and ends with a letter or digit.",
            nameof(name));
    }

    [GeneratedRegex(@"\A[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\z")]
    private static partial Regex Form();

    // Windows opens a device for these, whatever their extension.
    [GeneratedRegex(@"\A(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\z)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Device();
}
