namespace LatentDiffusion;

/// <summary>One window of the text tower.</summary>
/// <param name="Ids">Start token, text, end token, padding: always the tokenizer's length.</param>
/// <param name="Weights">Weight of each; those of start, end and padding are 1.</param>
internal sealed record PromptChunk(long[] Ids, double[] Weights)
{
    /// <summary>Whether every weight is 1.</summary>
    public bool IsPlain => Weights.All(w => w == 1);
}
