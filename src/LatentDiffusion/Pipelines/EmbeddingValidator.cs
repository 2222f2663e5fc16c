using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Checks that a request's embeddings fit the denoiser and each other, as far as that is known before encoding.</summary>
internal static class EmbeddingValidator
{
    /// <summary>Checks a request that is complete.</summary>
    /// <param name="request">The request.</param>
    /// <param name="components">Components of the pipeline.</param>
    /// <param name="prompts">Its prompts as they are read.</param>
    /// <exception cref="ArgumentException">It has embeddings that do not fit; the message names them.</exception>
    public static void Check(GenerationRequest request, PipelineComponents components, RequestPrompts prompts)
    {
        CheckOne(nameof(request.PromptEmbeds), request.PromptEmbeds, components.Denoiser.Description);
        CheckOne(nameof(request.NegativePromptEmbeds), request.NegativePromptEmbeds, components.Denoiser.Description);
        if (!components.NeedsNegative(request)) return;
        switch (request.PromptEmbeds, request.NegativePromptEmbeds)
        {
            case ({ } prompt, { } negative):
                Same(
                    nameof(request.NegativePromptEmbeds), TextShape.FromConditioning(negative), TextShape.FromConditioning(prompt),
                    $"as {nameof(request.PromptEmbeds)}");
                break;
            case ({ } prompt, null) when Measure(prompts.Negative) is { } other:
                TextShape shape = TextShape.FromConditioning(prompt);
                // The unconditional embeddings are repeated for each window of the prompt.
                if (request.NegativePrompt.Length == 0 && shape.Tokens % other.Tokens == 0) other = other with { Tokens = shape.Tokens };
                Same(
                    nameof(request.PromptEmbeds), shape, other,
                    $"as {nameof(request.NegativePrompt)} is encoded, or {nameof(request.NegativePromptEmbeds)} of the same shape");
                break;
            case (null, { } negative) when Measure(prompts.Prompt) is { } other:
                Same(
                    nameof(request.NegativePromptEmbeds), TextShape.FromConditioning(negative), other,
                    $"as {nameof(request.Prompt)} is encoded, or {nameof(request.PromptEmbeds)} of the same shape");
                break;
        }

        // Encoded together, all texts get the length of the longest.
        TextShape? Measure(PromptTimeline prompt)
        {
            ITextEncoder encoder = components.TextEncoder;
            TextShape?[] shapes = [.. prompt.Texts.Select(t => encoder.Measure(components.PromptReader.ForEncoder(t, encoder)))];
            return shapes.Contains(null) ? null : shapes.MaxBy(shape => shape!.Value.Tokens);
        }
    }

    private static void CheckOne(string name, Conditioning? value, DenoiserDescription denoiser)
    {
        if (value is null) return;
        Shape(name, value.HiddenStates, value.HiddenStates.shape is [1, > 0, > 0], "[1, tokens, width]");
        if (value.Pooled is { } pooled) Shape($"{name}.{nameof(value.Pooled)}", pooled, pooled.shape is [1, > 0], "[1, width]");
        long tokens = value.HiddenStates.shape[1];
        if (value.Mask is { } mask)
        {
            RequestValidator.Check(
                denoiser.ReadsMask, $"{name}.{nameof(value.Mask)}", "given", "null, because the model reads every token of a prompt");
            bool fits = mask.shape is [1, var masked] && masked == tokens;
            Shape($"{name}.{nameof(value.Mask)}", mask, fits, $"[1, {tokens}], one for each token");
        }

        foreach ((string key, Tensor tensor) in value.Additional)
            Shape($"{name}.{nameof(value.Additional)}[\"{key}\"]", tensor, tensor.shape is [1, ..], "[1, …]");
        if (denoiser.TextWidth is { } text)
            Shape(name, value.HiddenStates, value.HiddenStates.shape[2] == text, $"[1, tokens, {text}], which the model reads");
        if (denoiser.PooledWidth is not { } width) return;
        RequestValidator.Check(
            value.Pooled is not null, $"{name}.{nameof(value.Pooled)}", "null", $"of shape [1, {width}], which the model reads");
        Shape($"{name}.{nameof(value.Pooled)}", value.Pooled!, value.Pooled!.shape[1] == width, $"[1, {width}], which the model reads");
    }

    private static void Shape(string name, Tensor tensor, bool holds, string expected) =>
        RequestValidator.Check(holds, name, $"of shape [{string.Join(", ", tensor.shape)}]", expected);

    private static void Same(string name, TextShape shape, TextShape other, string why) =>
        RequestValidator.Check(shape == other, name, $"of shape {shape}", $"{other}, {why}");
}
