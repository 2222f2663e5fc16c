using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Whether a custom text encoder gives what the denoiser takes: otherwise the first generation fails inside the network.</summary>
internal static class TextWidthValidator
{
    /// <summary>Compares widths where the denoiser knows its own. An encoder that does not say its own encodes no prompt once.</summary>
    /// <param name="encoder">The text encoder.</param>
    /// <param name="denoiser">Description of the denoiser.</param>
    /// <param name="bring">Brings the encoder to where it computes, until it is disposed.</param>
    /// <exception cref="InvalidOperationException">They differ; the message names both.</exception>
    public static void Check(ITextEncoder encoder, DenoiserDescription denoiser, Func<IDisposable> bring)
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
        using IDisposable there = bring();
        using IDisposable noGrad = no_grad();
        using Conditioning none = encoder.EncodeUnconditional(1);
        return none.HiddenStates.Dimensions == 3
            ? TextShape.Of(none)
            : throw new InvalidOperationException($"{encoder.GetType().Name} gives hidden states of shape [{string.Join(", ", none.HiddenStates.shape)}]; expected [batch, tokens, width].");
    }
}
