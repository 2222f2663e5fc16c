using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Guidance;

/// <summary>The passes through the network that guidance is made of.</summary>
internal static class GuidancePasses
{
    /// <summary>Guidance that frees everything except its result.</summary>
    /// <param name="evaluate">Makes a prediction of an input.</param>
    public static GuidedDenoiser Scoped(Func<DenoiserInput, GuidedPrediction> evaluate) => input =>
    {
        ArgumentNullException.ThrowIfNull(input);
        using DisposeScope scope = NewDisposeScope();
        GuidedPrediction result = evaluate(input);
        result.Guided.MoveToOuterDisposeScope();
        // Where nothing was guided it is the same tensor, which has moved already.
        if (!ReferenceEquals(result.Conditional, result.Guided)) result.Conditional?.MoveToOuterDisposeScope();
        result.Unconditional?.MoveToOuterDisposeScope();
        result.Variance?.MoveToOuterDisposeScope();
        return result;
    };

    /// <summary>A denoiser without guidance.</summary>
    public static GuidedDenoiser Unguided(IDenoiser denoiser) => Scoped(input => Conditional(denoiser, input));

    /// <summary>Only the conditional pass.</summary>
    public static GuidedPrediction Conditional(IDenoiser denoiser, DenoiserInput input)
    {
        (Tensor prediction, Tensor? variance) = Split(denoiser.Predict(input), input);
        return new GuidedPrediction(prediction) { Conditional = prediction, Variance = variance };
    }

    /// <summary>The unconditional and the conditional prediction, and the latter's variance.</summary>
    /// <param name="denoiser">The network.</param>
    /// <param name="input">Latents, and conditioning of the prompt.</param>
    /// <param name="unconditional">Conditioning of the negative prompt.</param>
    /// <param name="separate">Whether they go one after the other, and not as one batch.</param>
    public static (Tensor Unconditional, Tensor Conditional, Tensor? Variance) Both(
        IDenoiser denoiser, DenoiserInput input, Conditioning unconditional, bool separate)
    {
        (Tensor without, Tensor with) = separate
            ? (denoiser.Predict(input with { Conditioning = unconditional }), denoiser.Predict(input))
            : Batched(denoiser, input, unconditional);
        (Tensor prediction, Tensor? variance) = Split(with, input);
        return (Split(without, input).Prediction, prediction, variance);
    }

    /// <summary>The prediction of inner guidance, with the variance apart where custom guidance left it in.</summary>
    public static GuidedPrediction Evaluate(GuidedDenoiser inner, DenoiserInput input)
    {
        GuidedPrediction prediction = inner(input);
        if (prediction.Variance is not null) return prediction;
        (Tensor guided, Tensor? variance) = Split(prediction.Guided, input);
        return variance is null ? prediction : prediction with { Guided = guided, Variance = variance };
    }

    /// <summary>The conditional prediction that inner guidance made, or else another evaluation.</summary>
    public static Tensor ConditionalOf(GuidedPrediction prediction, IDenoiser denoiser, DenoiserInput input) =>
        prediction.Conditional ?? Split(denoiser.Predict(input), input).Prediction;

    /// <summary>A network's prediction, and its variance where it gives more channels than there are latents'.</summary>
    public static (Tensor Prediction, Tensor? Variance) Split(Tensor output, DenoiserInput input)
    {
        long channels = input.Latents.shape[1], all = output.shape[1];
        return all <= channels ? (output, null) : (output.narrow(1, 0, channels), output.narrow(1, channels, all - channels));
    }

    /// <summary>Half precision is too coarse for sums and quantiles over an image.</summary>
    public static Tensor Widen(Tensor x) => x.dtype is ScalarType.Float32 or ScalarType.Float64 ? x : x.to(ScalarType.Float32);

    private static (Tensor Unconditional, Tensor Conditional) Batched(IDenoiser denoiser, DenoiserInput input, Conditioning unconditional)
    {
        using DisposeScope scope = NewDisposeScope();
        using Conditioning both = Conditioning.Concat(unconditional, input.Conditioning);
        Tensor[] parts = denoiser.Predict(input.RepeatFor(both)).chunk(2);
        return scope.MoveToOuter(parts[0], parts[1]);
    }
}
