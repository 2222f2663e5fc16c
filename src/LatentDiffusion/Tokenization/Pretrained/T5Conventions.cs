using System.Text.Json;

namespace LatentDiffusion.Tokenization;

/// <summary>What T5's tokenizer adds to its SentencePiece model: the end token, and tokens for gaps in texts.</summary>
internal static class T5Conventions
{
    private const string EndToken = "</s>";

    /// <summary>The most gaps that a configuration may have; published are 100.</summary>
    private const int MostGaps = 10_000;

    /// <param name="className">The published class.</param>
    /// <param name="model">The model.</param>
    /// <param name="config">The folder's <c>tokenizer_config.json</c>; null for none.</param>
    /// <exception cref="NotSupportedException">It is of another class.</exception>
    public static TokenizerDefinition Define(string className, TokenizerDefinition model, JsonElement? config)
    {
        if (className is not ("T5Tokenizer" or "T5TokenizerFast"))
            throw new NotSupportedException(
                $"its class '{MessageText.Truncate(className, 100)}' is not supported without a tokenizer.json.");
        int end = model.IdOf(EndToken) ?? throw new InvalidDataException($"it has no piece '{EndToken}'.");
        int gaps = config?.Find("extra_ids")?.ToId("extra_ids") ?? 0;
        if (gaps > MostGaps) throw new InvalidDataException($"extra_ids is {gaps}; expected at most {MostGaps}.");
        int pieces = ((UnigramModel)model.Model).Count;
        // The first gap has the last id.
        return model.With(Enumerable.Range(0, gaps).Select(gap => new AddedToken(pieces + gaps - 1 - gap, $"<extra_id_{gap}>"))) with
        {
            After = [end],
        };
    }
}
