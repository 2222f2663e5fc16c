using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A denoiser that guidance of the library made. It also tells the conditional prediction that it computed on the way,
/// which guidance around it may need: no pass goes through the network twice.
/// </summary>
/// <param name="plain">The denoiser that is steered.</param>
internal abstract class GuidedDenoiser(IDenoiser plain) : IDenoiser
{
    public int InChannels => Plain.InChannels;

    public SizeConditioning SizeConditioning => Plain.SizeConditioning;

    /// <summary>The denoiser that is steered.</summary>
    protected IDenoiser Plain { get; } = plain;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning)
    {
        using DisposeScope scope = NewDisposeScope();
        GuidedPrediction prediction = Evaluate(latents, timestep, conditioning);
        Tensor all = prediction.Variance is { } variance ? cat([prediction.Guided, variance], 1) : prediction.Guided;
        return all.MoveToOuterDisposeScope();
    }

    /// <summary>The predictions, which belong to the caller's dispose scope.</summary>
    public abstract GuidedPrediction Evaluate(Tensor latents, double timestep, Conditioning conditioning);

    /// <summary>The predictions of any guided denoiser; that of a user's own guidance tells its result alone.</summary>
    protected static GuidedPrediction Evaluate(IDenoiser guided, Tensor latents, double timestep, Conditioning conditioning)
    {
        if (guided is GuidedDenoiser own) return own.Evaluate(latents, timestep, conditioning);
        (Tensor prediction, Tensor? variance) = Split(guided.Predict(latents, timestep, conditioning), latents);
        return new GuidedPrediction(prediction, null, variance);
    }

    /// <summary>A network's prediction, and beside it its variance where it gives more channels than it takes.</summary>
    protected static (Tensor Prediction, Tensor? Variance) Split(Tensor output, Tensor latents)
    {
        long channels = latents.shape[1], all = output.shape[1];
        return all <= channels ? (output, null) : (output.narrow(1, 0, channels), output.narrow(1, channels, all - channels));
    }

    /// <summary>Half precision is too coarse for sums and quantiles over a picture.</summary>
    protected static Tensor Wide(Tensor x) => x.dtype is ScalarType.Float32 or ScalarType.Float64 ? x : x.to(ScalarType.Float32);

    /// <summary>The unconditional and the conditional prediction, and the latter's variance.</summary>
    protected (Tensor Unconditional, Tensor Conditional, Tensor? Variance) Passes(
        Conditioning unconditional, Tensor latents, double timestep, Conditioning conditioning, bool separate)
    {
        (Tensor without, Tensor with) = GuidancePasses.Evaluate(Plain, unconditional, latents, timestep, conditioning, separate);
        (Tensor prediction, Tensor? variance) = Split(with, latents);
        return (Split(without, latents).Prediction, prediction, variance);
    }

    /// <summary>The conditional pass alone.</summary>
    protected GuidedPrediction Unguided(Tensor latents, double timestep, Conditioning conditioning)
    {
        (Tensor alone, Tensor? variance) = Split(Plain.Predict(latents, timestep, conditioning), latents);
        return new GuidedPrediction(alone, alone, variance);
    }
}
