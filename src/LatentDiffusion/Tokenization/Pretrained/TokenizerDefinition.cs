namespace LatentDiffusion.Tokenization;

/// <summary>What a tokenizer consists of, read from its files.</summary>
/// <param name="Model">The ids of words.</param>
internal sealed record TokenizerDefinition(ITokenModel Model)
{
    /// <summary>Tokens that are found before the text is normalized or cut into words.</summary>
    public IReadOnlyList<AddedToken> Added { get; init; } = [];

    /// <summary>Normalizes a text. Default unchanged.</summary>
    public Func<string, string> Normalize { get; init; } = text => text;

    /// <summary>Cuts a normalized text into words. Default one word.</summary>
    public Func<TextPiece, IEnumerable<TextPiece>> Split { get; init; } = piece => [piece];

    /// <summary>Ids before every text. Default none.</summary>
    public IReadOnlyList<int> Before { get; init; } = [];

    /// <summary>Ids after every text. Default none.</summary>
    public IReadOnlyList<int> After { get; init; } = [];

    /// <summary>The id of an added token or one of the vocabulary; null for unknown tokens.</summary>
    public int? IdOf(string token) => Added.FirstOrDefault(added => added.Content == token)?.Id ?? Model.IdOf(token);

    /// <summary>The same with further added tokens; those that it has stay as they are.</summary>
    public TokenizerDefinition With(IEnumerable<AddedToken> tokens) => this with
    {
        Added = [.. Added, .. tokens.Where(token => Added.All(known => known.Content != token.Content))],
    };
}
