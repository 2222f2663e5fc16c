namespace LatentDiffusion.Tokenization;

/// <summary>The model of a tokenizer: the ids of a word. Immutable and safe for concurrent use.</summary>
internal interface ITokenModel
{
    /// <summary>Appends a word's ids.</summary>
    /// <param name="word">A part of the text, not empty, without halves of surrogate pairs.</param>
    /// <param name="ids">Takes the ids.</param>
    void Encode(string word, List<int> ids);

    /// <summary>The id of a token of the vocabulary; null where it has none.</summary>
    int? IdOf(string token);
}
