using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>The text encoder for the layer that a request names in place of the pipeline's.</summary>
internal static class RequestTextEncoder
{
    /// <exception cref="ArgumentException">The text encoder does not have the layer.</exception>
    public static ITextEncoder For(GenerationRequest request, ITextEncoder encoder)
    {
        const string Setting = nameof(GenerationRequest.ClipSkip);
        PromptingOptions options = encoder.Prompting ?? PromptingOptions.Plain;
        if (request.ClipSkip is not { } layer || layer == options.ClipSkip) return encoder;
        try
        {
            return encoder.WithPrompting(options with { ClipSkip = layer }) ?? throw new ArgumentException(
                $"{Setting} is {layer}; expected null for {encoder.GetType().Name}, whose layers cannot be chosen.", Setting);
        }
        catch (ValidationException e)
        {
            throw new ArgumentException(MessageText.Truncate($"{Setting} is {layer}: {e.Message}"), Setting, e);
        }
    }
}
