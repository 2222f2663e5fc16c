using static TorchSharp.torch;

namespace LatentDiffusion.Prompting;

/// <summary>What a request's prompts, or the embeddings that it brings in their place, condition the denoiser on.</summary>
internal static class RequestConditioning
{
    /// <summary>Conditioning of the prompt and, where it is needed, of the negative prompt: of the same number of tokens.</summary>
    /// <param name="request">The request.</param>
    /// <param name="encoder">Encodes what comes as text.</param>
    /// <param name="withNegative">Whether guidance needs the negative prompt.</param>
    /// <param name="device">Where the denoiser runs.</param>
    /// <param name="cancellationToken">Checked before each evaluation of the encoder.</param>
    /// <exception cref="ArgumentException">Embeddings of the request do not fit each other or the encoder.</exception>
    public static (Conditioning Text, Conditioning? Negative) Of(
        GenerationRequest request, ITextEncoder encoder, bool withNegative, Device device, CancellationToken cancellationToken)
    {
        Conditioning text = Given(request.PromptEmbeds, device) ?? Encode(request.Prompt);
        if (!withNegative) return (text, null);
        Conditioning negative = Given(request.NegativePromptEmbeds, device) ?? Negative();
        if (request is { NegativePromptEmbeds: null, NegativePrompt: "" }) negative = Lengthened(negative, text);
        if (TextShape.Of(text) == TextShape.Of(negative)) return (text, negative);

        // Of two lengths: encoders give the prompts of one call one length.
        if (request is { PromptEmbeds: null, NegativePromptEmbeds: null })
        {
            using Conditioning both = Encode(request.Prompt, request.NegativePrompt);
            return (both.Slice(0, 1), both.Slice(1, 1));
        }

        throw new ArgumentException(
            $"The prompt's hidden states are of shape {TextShape.Of(text)} and the negative prompt's of {TextShape.Of(negative)}; "
                + "they must agree. Give PromptEmbeds and NegativePromptEmbeds together.",
            nameof(request));

        Conditioning Encode(params string[] prompts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return encoder.Encode(prompts, cancellationToken);
        }

        Conditioning Negative()
        {
            if (request.NegativePrompt.Length > 0) return Encode(request.NegativePrompt);
            cancellationToken.ThrowIfCancellationRequested();
            return encoder.EncodeUnconditional(1, cancellationToken);
        }
    }

    private static Conditioning? Given(Conditioning? embeds, Device device) => embeds?.Map(t => t.to(device));

    /// <summary>No prompt has as many windows as the prompt, all alike.</summary>
    private static Conditioning Lengthened(Conditioning one, Conditioning other)
    {
        long windows = other.HiddenStates.shape[1] / one.HiddenStates.shape[1];
        if (windows < 2 || other.HiddenStates.shape[1] % one.HiddenStates.shape[1] != 0) return one;
        return new Conditioning(one.HiddenStates.repeat(1, windows, 1), one.Pooled, one.Mask?.repeat(1, windows), one.Additional);
    }
}
