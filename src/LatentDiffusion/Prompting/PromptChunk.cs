namespace LatentDiffusion.Prompting;

/// <summary>One window of the text tower.</summary>
/// <param name="Ids">Start token, text, end token, padding: always the tokenizer's length.</param>
/// <param name="Weights">Weight of each; those of start, end and padding are 1.</param>
/// <param name="TextTokens">Number of tokens between start and end.</param>
internal sealed record PromptChunk(long[] Ids, double[] Weights, int TextTokens)
{
    /// <summary>Whether every weight is 1.</summary>
    public bool IsPlain => Weights.All(w => w == 1);
}
