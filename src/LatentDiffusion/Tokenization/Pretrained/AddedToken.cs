namespace LatentDiffusion.Tokenization;

/// <summary>A token that is found in a text before the model reads it, for example the end of a message.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
internal sealed record AddedToken(int Id, string Content)
{
    /// <summary>Whether it counts only where no letter, digit or underscore is next to it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Whether white space before it belongs to it.</summary>
    public bool StripsLeft { get; init; }

    /// <summary>Whether white space after it belongs to it.</summary>
    public bool StripsRight { get; init; }

    /// <summary>Whether it is looked for in the normalized text.</summary>
    public bool IsNormalized { get; init; }
}
