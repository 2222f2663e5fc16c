using Microsoft.Extensions.Logging;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Stops a generation whose values are not finite. Where that is allowed, the first failure is logged and the rest is not
/// checked any more.
/// </summary>
/// <param name="allowed">Whether the generation continues.</param>
/// <param name="logger">Where a failure is logged that does not stop the generation.</param>
internal sealed class FiniteValueCheck(bool allowed, ILogger logger)
{
    private const string Override =
        $"{nameof(DiffusionPipelineOptions)}.{nameof(DiffusionPipelineOptions.AllowNonFiniteValues)} returns the image anyway.";

    private const string Remedy = "Compute in float32 or bfloat16 instead of float16, or lower the LoRA scale.";

    private bool _failed;

    /// <summary>
    /// Checks the encoder's latents of the initial image: those that a pass starts from and those that an inpainting model reads.
    /// </summary>
    public void CheckStart(InitialLatents start)
    {
        if (_failed || (IsFinite(start.Latents) && (start.ConcatenatedLatents is null || IsFinite(start.ConcatenatedLatents)))) return;
        Fail(new NonFiniteValuesException(
            $"The encoder gave NaN or infinity for {nameof(GenerationRequest.InitialImage)}. Use an autoencoder in float32. {Override}"));
    }

    /// <summary>Checks the latents after a step. The cause is only looked for when they are not finite.</summary>
    /// <param name="latents">The latents after the step.</param>
    /// <param name="prediction">The guided prediction that the step used.</param>
    /// <param name="text">The conditioning of the prediction.</param>
    /// <param name="run">The run, after the step.</param>
    /// <param name="timestep">The timestep of the step.</param>
    /// <param name="secondPass">Whether the step is one of the second pass.</param>
    public void CheckStep(Tensor latents, Tensor prediction, Conditioning text, ISchedulerRun run, double timestep, bool secondPass)
    {
        if (_failed || IsFinite(latents)) return;
        bool hasFiniteText = IsFinite(text.HiddenStates) && (text.Pooled is not { } pooled || IsFinite(pooled));
        string cause = !hasFiniteText ? "the text conditioning has NaN or infinity"
            : IsFinite(prediction) ? "the scheduler's step overflowed"
            : "the denoiser's prediction has NaN or infinity";
        string pass = secondPass ? " of the second pass" : "";
        Fail(new NonFiniteValuesException(
            FormattableString.Invariant(
                $"The latents are not finite after step {run.StepIndex} of {run.Timesteps.Count}{pass} (timestep {timestep:0.##}): ")
            + $"{cause}. {Remedy} {Override}",
            run.StepIndex));
    }

    /// <summary>Checks the decoder's pixels, whose latents were finite.</summary>
    public void CheckImage(Tensor pixels)
    {
        if (_failed || IsFinite(pixels)) return;
        Fail(new NonFiniteValuesException(
            "The decoder gave NaN or infinity for finite latents. Use an autoencoder in float32: float16 overflows in many published ones. "
            + $"Or lower the LoRA scale. {Override}"));
    }

    private void Fail(NonFiniteValuesException failure)
    {
        _failed = true;
        if (!allowed) throw failure;
        logger.NotFinite(failure.Message);
    }

    private static bool IsFinite(Tensor values)
    {
        // Tensors of the meta device have no values.
        if (values.device_type == DeviceType.META) return true;
        using DisposeScope scope = NewDisposeScope();
        return isfinite(values).all().item<bool>();
    }
}
