namespace LatentDiffusion;

/// <summary>A text encoder that reads one window of a prompt and cuts what is longer.</summary>
internal interface ICuttingTextEncoder : ITextEncoder
{
    /// <summary>Tokens of a prompt that are cut: 0 where it fits.</summary>
    int Overlong(string prompt);
}
