using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>
/// Encodes prompts as conditioning; contains its tokenizer. Immutable and safe for concurrent use. Members with a default
/// describe what an encoder can do beyond encoding; a wrapper passes on those that still hold for it.
/// </summary>
/// <example>
/// <code><![CDATA[
/// using LatentDiffusion;
///
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
///     .UseModelFolder("models/stable-diffusion-v1-5")
///     .UseTextEncoder(model => new StyledTextEncoder(model.TextEncoder, "watercolour"))
///     .Build();
///
/// internal sealed class StyledTextEncoder(ITextEncoder inner, string style) : ITextEncoder
/// {
///     public int MaxLength => inner.MaxLength;
///
///     public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) =>
///         inner.Encode([.. prompts.Select(prompt => $"{prompt}, {style}")], cancellationToken);
///
///     // The empty prompt has no style.
///     public Conditioning EncodeUnconditional(int count, CancellationToken cancellationToken = default) =>
///         inner.EncodeUnconditional(count, cancellationToken);
/// }
/// ]]></code>
/// </example>
public interface ITextEncoder : IOffloadable
{
    /// <summary>The most tokens a prompt may have, start and end included; longer prompts are truncated.</summary>
    int MaxLength { get; }

    /// <summary>How it reads prompts; null, the default, where it does not say.</summary>
    PromptingOptions? Prompting => null;

    /// <summary>
    /// Identifies what its results depend on: weights, configuration and vocabulary. Caches of embeddings contain it in their
    /// key. Default the name of the type.
    /// </summary>
    string ContentKey => GetType().FullName!;

    /// <summary>Encodes a batch of prompts.</summary>
    /// <param name="prompts">At least one prompt.</param>
    /// <param name="cancellationToken">Checked before the first evaluation of a network, and between several evaluations.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default);

    /// <summary>The unconditional embeddings, which guidance leads away from. Default those of the empty prompt.</summary>
    /// <param name="count">Batch size, at least 1.</param>
    /// <param name="cancellationToken">Checked as for prompts.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Conditioning EncodeUnconditional(int count, CancellationToken cancellationToken = default) =>
        Encode([.. Enumerable.Repeat("", count)], cancellationToken);

    /// <summary>The shape that a prompt is encoded to, without evaluating a network; null, the default, where that is not known.</summary>
    /// <param name="prompt">The prompt; for the empty one the shape is that of <see cref="EncodeUnconditional"/> too.</param>
    TextShape? Measure(string prompt) => null;

    /// <summary>Number of tokens of a prompt that are truncated; null, the default, where that is not known.</summary>
    /// <param name="prompt">The prompt.</param>
    int? CountTruncatedTokens(string prompt) => null;

    /// <summary>An encoder over the same networks that reads weights and long prompts; null, the default, if not supported.</summary>
    /// <param name="options">How to read and encode.</param>
    /// <returns>An encoder that owns nothing; this encoder does not change.</returns>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    ITextEncoder? WithPrompting(PromptingOptions options) => null;

    /// <summary>An encoder over the same networks that knows further tokens; null, the default, if not supported.</summary>
    /// <param name="embeddings">The tokens with their learned embeddings, in addition to those that this encoder knows.</param>
    /// <returns>An encoder that owns nothing; this encoder does not change.</returns>
    /// <exception cref="ArgumentException">
    /// An embedding is of another width or for other text towers than the encoder's, or two have the same token; the message names both.
    /// </exception>
    ITextEncoder? WithTextualInversion(params IReadOnlyList<TextualInversion> embeddings) => null;
}
