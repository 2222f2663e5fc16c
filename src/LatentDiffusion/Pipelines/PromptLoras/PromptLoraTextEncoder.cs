using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Encodes prompts without the adapters that they name.</summary>
internal sealed class PromptLoraTextEncoder(ITextEncoder encoder) : ITextEncoder
{
    public int MaxLength => encoder.MaxLength;

    public PromptingOptions? Prompting => encoder.Prompting;

    public string ContentKey => $"{encoder.ContentKey} without <lora:…>";

    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) =>
        encoder.Encode([.. prompts.Select(PromptLora.RemoveFrom)], cancellationToken);

    public Conditioning EncodeUnconditional(int count, CancellationToken cancellationToken = default) =>
        encoder.EncodeUnconditional(count, cancellationToken);

    public TextShape? Measure(string prompt) => encoder.Measure(PromptLora.RemoveFrom(prompt));

    public int? CountTruncatedTokens(string prompt) => encoder.CountTruncatedTokens(PromptLora.RemoveFrom(prompt));

    public ITextEncoder? WithPrompting(PromptingOptions options) =>
        encoder.WithPrompting(options) is { } other ? new PromptLoraTextEncoder(other) : null;

    public ITextEncoder? WithTextualInversion(params IReadOnlyList<TextualInversion> embeddings) =>
        encoder.WithTextualInversion(embeddings) is { } other ? new PromptLoraTextEncoder(other) : null;

    public bool TryMoveTo(Device device) => encoder.TryMoveTo(device);
}
