using static TorchSharp.torch;

namespace LatentDiffusion.Prompting;

/// <summary>The conditioning of a request's prompts, or of the embeddings in their place.</summary>
internal static class RequestConditioning
{
    /// <summary>Conditioning of the prompt and, where it is needed, of the negative prompt: of the same number of tokens.</summary>
    /// <param name="request">The request.</param>
    /// <param name="components">Components of the pipeline.</param>
    /// <param name="encoder">Encodes prompts that are text, each text once.</param>
    /// <param name="withNegative">Whether guidance needs the negative prompt.</param>
    /// <param name="device">Where the denoiser runs.</param>
    /// <param name="cancellationToken">Checked before each evaluation of the encoder.</param>
    /// <exception cref="ArgumentException">Embeddings of the request do not fit each other or the encoder.</exception>
    public static EncodedPrompts Encode(
        GenerationRequest request, PipelineComponents components, ITextEncoder encoder, bool withNegative, Device device,
        CancellationToken cancellationToken)
    {
        RequestPrompts prompts = components.PromptReader.Read(request, components);
        var encoded = new Dictionary<string, Conditioning>();
        Conditioning[] texts = request.PromptEmbeds is { } embeds ? [Moved(embeds)] : [.. prompts.Prompt.Texts.Select(Encode)];
        Conditioning[] negatives = !withNegative && !prompts.Prompt.NeedsUnconditional ? []
            : request.NegativePromptEmbeds is { } given ? [Moved(given)]
            : [.. prompts.Negative.Texts.Select(text => text.Length > 0 ? Encode(text) : Lengthened(EncodeEmpty(), texts[0]))];
        Conditioning[] all = [.. texts, .. negatives];
        if (all.FirstOrDefault(one => ShapeOf(one) != ShapeOf(all[0])) is { } other)
        {
            // Encoders give the prompts of one call one length.
            if (request is not { PromptEmbeds: null, NegativePromptEmbeds: null })
            {
                throw new ArgumentException(
                    $"The prompt's hidden states are of shape {ShapeOf(texts[0])} and the negative prompt's of "
                    + $"{ShapeOf(other)}; they must agree. Give PromptEmbeds and NegativePromptEmbeds together.",
                    nameof(request));
            }

            string[] together = [.. prompts.Prompt.Texts, .. negatives.Length > 0 ? prompts.Negative.Texts : []];
            cancellationToken.ThrowIfCancellationRequested();
            using Conditioning both = encoder.Encode([.. together.Select(ForEncoder)], cancellationToken);
            all = [.. Enumerable.Range(0, together.Length).Select(i => both.Slice(i, 1))];
        }

        return new EncodedPrompts(prompts, all[..texts.Length], all[texts.Length..]) { GuidesByNegative = withNegative };

        Conditioning Moved(Conditioning one) => one.Map(t => t.to(device));

        string ForEncoder(string text) => components.PromptReader.ForEncoder(text, encoder);

        Conditioning Encode(string text)
        {
            if (encoded.TryGetValue(text, out Conditioning? known)) return known;
            cancellationToken.ThrowIfCancellationRequested();
            return encoded[text] = encoder.Encode([ForEncoder(text)], cancellationToken);
        }

        Conditioning EncodeEmpty()
        {
            cancellationToken.ThrowIfCancellationRequested();
            return encoder.EncodeUnconditional(1, cancellationToken);
        }
    }

    private static TextShape ShapeOf(Conditioning one) => TextShape.FromConditioning(one);

    /// <summary>No prompt has as many windows as the prompt, all alike.</summary>
    private static Conditioning Lengthened(Conditioning one, Conditioning other)
    {
        long windows = other.HiddenStates.shape[1] / one.HiddenStates.shape[1];
        if (windows < 2 || other.HiddenStates.shape[1] % one.HiddenStates.shape[1] != 0) return one;
        return new Conditioning(one.HiddenStates.repeat(1, windows, 1), one.Pooled, one.Mask?.repeat(1, windows), one.Additional);
    }
}
