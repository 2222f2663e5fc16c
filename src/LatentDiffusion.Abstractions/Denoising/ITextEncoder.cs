namespace LatentDiffusion;

/// <summary>Turns prompts into conditioning; its tokenizer is inside. Immutable and safe for concurrent use.</summary>
public interface ITextEncoder
{
    /// <summary>The most tokens a prompt may have, start and end included; what is longer is cut.</summary>
    int MaxLength { get; }

    /// <summary>Encodes a batch of prompts.</summary>
    /// <param name="prompts">At least one prompt.</param>
    Conditioning Encode(IReadOnlyList<string> prompts);

    /// <summary>The conditioning of no prompt, which guidance leads away from. Default that of the empty prompt.</summary>
    /// <param name="count">Batch size, at least 1.</param>
    Conditioning EncodeUnconditional(int count) => Encode([.. Enumerable.Repeat("", count)]);
}
