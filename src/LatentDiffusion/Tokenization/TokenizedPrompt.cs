namespace LatentDiffusion.Tokenization;

/// <summary>A prompt's tokens, cut or padded to the tokenizer's length.</summary>
/// <param name="Ids">Start token, the text's tokens, end token, padding: always the tokenizer's maximum length.</param>
/// <param name="Count">How many of them are no padding: start and end included, at least 2.</param>
public readonly record struct TokenizedPrompt(long[] Ids, int Count);
