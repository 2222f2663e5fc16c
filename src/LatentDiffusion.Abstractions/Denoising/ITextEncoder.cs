namespace LatentDiffusion;

/// <summary>Turns prompts into conditioning; its tokenizer is inside. Immutable and safe for concurrent use.</summary>
public interface ITextEncoder
{
    /// <summary>The most tokens a prompt may have, start and end included; what is longer is cut.</summary>
    int MaxLength { get; }

    /// <summary>Encodes a batch of prompts. The empty prompt is the unconditional one.</summary>
    /// <param name="prompts">At least one prompt.</param>
    Conditioning Encode(IReadOnlyList<string> prompts);
}
