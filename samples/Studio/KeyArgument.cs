namespace Studio;

/// <summary>An API key of the command line or the environment: <c>NAME=KEY</c>.</summary>
/// <param name="Name">Who uses it: the caller of jobs.</param>
/// <param name="Key">The key, which messages do not show.</param>
internal sealed record KeyArgument(string Name, string Key)
{
    /// <summary>Variable with keys, separated by spaces or commas: other users of the machine can read command lines.</summary>
    public const string Variable = "STUDIO_KEYS";

    private const int LeastCharacters = 16, MostCharacters = 200, MostCharactersOfName = 100;

    /// <summary>What is wrong with a key, without showing it; null if nothing is.</summary>
    /// <param name="text">The text.</param>
    /// <param name="origin">Where it stands.</param>
    public static string? Refusal(string text, string origin)
    {
        (string name, string key) = Read(text);
        if (name.Length is 0 or > MostCharactersOfName || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            return $"{origin} has a key without a name; expected NAME=KEY with a name of letters, digits, '-', '_' and '.'.";
        return key.Length is < LeastCharacters or > MostCharacters || key.Any(c => c is <= ' ' or > '~' or ',')
            ? $"{origin} has a key of {key.Length} characters for '{name}'; expected {LeastCharacters} to {MostCharacters} visible ASCII "
                + "characters without commas."
            : null;
    }

    /// <summary>Reads a key.</summary>
    public static KeyArgument Read(string text)
    {
        int end = text.IndexOf('=', StringComparison.Ordinal);
        return end < 0 ? new KeyArgument("", text) : new KeyArgument(text[..end], text[(end + 1)..]);
    }

    /// <summary>The keys of the environment.</summary>
    public static IEnumerable<string> OfEnvironment() => Split(Environment.GetEnvironmentVariable(Variable) ?? "");

    /// <summary>The keys of a text, separated by white space or commas.</summary>
    public static IEnumerable<string> Split(string text) =>
        text.Split([' ', ',', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
}
