namespace LatentDiffusion.Tokenization;

/// <summary>What a folder of <c>vocab.json</c> and <c>merges.txt</c> does not say: it follows from the class of the tokenizer.</summary>
internal static class BytePairFiles
{
    /// <param name="className">The published class.</param>
    /// <param name="vocabulary">Tokens and merges.</param>
    /// <exception cref="NotSupportedException">It is a class of which this is not known.</exception>
    public static TokenizerDefinition Define(string className, BpeVocabulary vocabulary)
    {
        bool isGpt2 = className is "GPT2Tokenizer" or "GPT2TokenizerFast";
        if (!isGpt2 && className is not ("Qwen2Tokenizer" or "Qwen2TokenizerFast"))
            throw new NotSupportedException(
                $"its class '{MessageText.Truncate(className, 100)}' is not supported without a tokenizer.json.");
        return new TokenizerDefinition(new ByteLevelModel(vocabulary))
        {
            Normalize = isGpt2 ? text => text : UnicodeNfc.Normalize, Split = PreTokenizerReader.Words(isGpt2),
        };
    }
}
