using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Checks that a text encoder has the widths of the denoiser, so that no generation fails inside the network.</summary>
internal static class TextWidthValidator
{
    /// <summary>Compares widths where the denoiser knows its own. An encoder that does not say its own encodes no prompt once.</summary>
    /// <param name="encoder">The text encoder.</param>
    /// <param name="denoiser">Description of the denoiser.</param>
    /// <param name="bring">Brings the encoder to where it computes, until it is disposed.</param>
    /// <exception cref="InvalidOperationException">They differ; the message names both.</exception>
    public static void Check(ITextEncoder encoder, DenoiserDescription denoiser, Func<IDisposable> bring)
    {
        CheckWidths(encoder, denoiser, bring);
        foreach ((string name, int width) in denoiser.AdditionalInputs)
        {
            // The pipeline gives sizes.
            if (name == TimeIds.Name) continue;
            using Conditioning none = EncodeNone(encoder, bring);
            long? given = none.Additional.GetValueOrDefault(name)?.shape[^1];
            if (given == width) continue;
            throw new InvalidOperationException(
                $"{encoder.GetType().Name} gives {(given is null ? "no" : $"a {given} wide")} '{name}', "
                    + $"and the denoiser takes width {width}.");
        }
    }

    private static void CheckWidths(ITextEncoder encoder, DenoiserDescription denoiser, Func<IDisposable> bring)
    {
        if (denoiser.TextWidth is not { } taken) return;
        TextShape shape = encoder.Measure("") ?? Measure(encoder, bring);
        if (shape.Width != taken)
        {
            throw new InvalidOperationException(
                $"{encoder.GetType().Name} gives hidden states of width {shape.Width}, and the denoiser takes {taken}.");
        }

        if (denoiser.PooledWidth is { } pooled && shape.PooledWidth != pooled)
        {
            string given = shape.PooledWidth is { } width ? $"pooled text of width {width}" : "no pooled text";
            throw new InvalidOperationException($"{encoder.GetType().Name} gives {given}, and the denoiser takes width {pooled}.");
        }
    }

    private static TextShape Measure(ITextEncoder encoder, Func<IDisposable> bring)
    {
        using Conditioning none = EncodeNone(encoder, bring);
        if (none.HiddenStates.Dimensions == 3) return TextShape.FromConditioning(none);
        string shape = string.Join(", ", none.HiddenStates.shape);
        throw new InvalidOperationException(
            $"{encoder.GetType().Name} gives hidden states of shape [{shape}]; expected [batch, tokens, width].");
    }

    private static Conditioning EncodeNone(ITextEncoder encoder, Func<IDisposable> bring)
    {
        using IDisposable there = bring();
        using IDisposable noGrad = no_grad();
        return encoder.EncodeUnconditional(1);
    }
}
