namespace LatentDiffusion.Prompting;

/// <summary>
/// Cuts a prompt into windows of the text tower, each with its own start and end (75 tokens of text for CLIP's 77). Fragments
/// are tokenized one by one, so that a weight may begin within a word, and are cut wherever a window is full.
/// </summary>
internal static class PromptChunks
{
    /// <summary>The windows: at least one.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="tokenizer">Gives ids, and the length of a window.</param>
    /// <param name="maximum">The most windows; the rest is truncated.</param>
    public static List<PromptChunk> Create(WeightedPrompt prompt, ClipTokenizer tokenizer, int maximum)
    {
        int capacity = tokenizer.MaxLength - 2;
        var chunks = new List<PromptChunk>();
        var open = new List<(int Id, double Weight)>();
        foreach (PromptFragment fragment in prompt.Fragments)
        {
            if (fragment.IsBreak) Close();
            else if (!Take(fragment)) break;
        }

        if (open.Count > 0 || chunks.Count == 0) Close();
        return chunks.Count > maximum ? chunks[..maximum] : chunks;

        // False once the chunks are full.
        bool Take(PromptFragment fragment)
        {
            foreach (int id in tokenizer.Tokenize(fragment.Text))
            {
                // The vectors of one token stay together where a window has room for them.
                if (open.Count == capacity || (open.Count + tokenizer.IdsFrom(id) > capacity && tokenizer.IdsFrom(id) <= capacity))
                {
                    if (chunks.Count + 1 >= maximum) return false;
                    Close();
                }

                open.Add((id, fragment.Weight));
            }

            return true;
        }

        void Close()
        {
            chunks.Add(Window(tokenizer, open));
            open.Clear();
        }
    }

    /// <summary>Number of tokens in windows beyond the most.</summary>
    public static int CountTruncated(WeightedPrompt prompt, ClipTokenizer tokenizer, int maximum) =>
        Create(prompt, tokenizer, int.MaxValue).Skip(maximum).Sum(window => window.TextTokens);

    /// <summary>The window without text.</summary>
    public static PromptChunk Empty(ClipTokenizer tokenizer) => Window(tokenizer, []);

    private static PromptChunk Window(ClipTokenizer tokenizer, List<(int Id, double Weight)> text)
    {
        var ids = new long[tokenizer.MaxLength];
        var weights = new double[tokenizer.MaxLength];
        Array.Fill(ids, tokenizer.PaddingId);
        Array.Fill(weights, 1);
        ids[0] = tokenizer.StartId;
        for (int i = 0; i < text.Count; i++) (ids[i + 1], weights[i + 1]) = text[i];
        ids[text.Count + 1] = tokenizer.EndId;
        return new PromptChunk(ids, weights, text.Count);
    }
}
