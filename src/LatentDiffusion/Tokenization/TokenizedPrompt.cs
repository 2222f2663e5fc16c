namespace LatentDiffusion.Tokenization;

/// <summary>A prompt's tokens, truncated or padded to the tokenizer's length.</summary>
/// <param name="Ids">Start token, the text's tokens, end token, padding: always the tokenizer's maximum length.</param>
/// <param name="Count">Number of tokens that are not padding, including start and end; at least 2.</param>
public readonly record struct TokenizedPrompt(long[] Ids, int Count);
