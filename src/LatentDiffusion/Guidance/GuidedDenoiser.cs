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
        return Evaluate(latents, timestep, conditioning).Guided.MoveToOuterDisposeScope();
    }

    /// <summary>The predictions, which belong to the caller's dispose scope.</summary>
    public abstract GuidedPrediction Evaluate(Tensor latents, double timestep, Conditioning conditioning);

    /// <summary>The predictions of any guided denoiser; that of a user's own guidance tells its result alone.</summary>
    protected static GuidedPrediction Evaluate(IDenoiser guided, Tensor latents, double timestep, Conditioning conditioning) =>
        guided is GuidedDenoiser own
            ? own.Evaluate(latents, timestep, conditioning)
            : new GuidedPrediction(guided.Predict(latents, timestep, conditioning), null);

    /// <summary>Half precision is too coarse for sums and quantiles over a picture.</summary>
    protected static Tensor Wide(Tensor x) => x.dtype is ScalarType.Float32 or ScalarType.Float64 ? x : x.to(ScalarType.Float32);

    /// <summary>The conditional pass alone.</summary>
    protected GuidedPrediction Unguided(Tensor latents, double timestep, Conditioning conditioning)
    {
        Tensor alone = Plain.Predict(latents, timestep, conditioning);
        return new GuidedPrediction(alone, alone);
    }
}
