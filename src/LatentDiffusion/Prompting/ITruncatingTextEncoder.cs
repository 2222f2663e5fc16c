namespace LatentDiffusion;

/// <summary>A text encoder that reads one window of a prompt and cuts what is longer.</summary>
internal interface ITruncatingTextEncoder : ITextEncoder
{
    /// <summary>Tokens of a prompt that are cut: 0 where it fits.</summary>
    int CountTruncatedTokens(string prompt);
}
