namespace LatentDiffusion;

/// <summary>Turns prompts into conditioning; its tokenizer is inside. Immutable and safe for concurrent use.</summary>
public interface ITextEncoder
{
    /// <summary>The most tokens a prompt may have, start and end included; what is longer is cut.</summary>
    int MaxLength { get; }

    /// <summary>Encodes a batch of prompts.</summary>
    /// <param name="prompts">At least one prompt.</param>
    Conditioning Encode(IReadOnlyList<string> prompts);

    /// <summary>Encodes a batch of prompts, unless it is cancelled. Default: that is looked at before the beginning alone.</summary>
    /// <param name="prompts">At least one prompt.</param>
    /// <param name="cancellationToken">Checked before the beginning, and between evaluations of networks where there are several.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Encode(prompts);
    }

    /// <summary>The conditioning of no prompt, which guidance leads away from. Default that of the empty prompt.</summary>
    /// <param name="count">Batch size, at least 1.</param>
    Conditioning EncodeUnconditional(int count) => Encode([.. Enumerable.Repeat("", count)]);

    /// <summary>The conditioning of no prompt, unless it is cancelled. Default: that is looked at before the beginning alone.</summary>
    /// <param name="count">Batch size, at least 1.</param>
    /// <param name="cancellationToken">Checked as for prompts.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    Conditioning EncodeUnconditional(int count, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return EncodeUnconditional(count);
    }
}
