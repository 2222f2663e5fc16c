using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The pictures that a generation is controlled by, one for each ControlNet of the pipeline (Zhang et al. 2023).</summary>
internal sealed class ControlInputs
{
    private readonly (LoadedControlNet Network, ControlWeight Weight, Tensor Hint)[] _controls;

    private ControlInputs((LoadedControlNet, ControlWeight, Tensor)[] controls) => _controls = controls;

    /// <summary>Those of a request that is complete. Their tensors belong to the caller's dispose scope.</summary>
    public static ControlInputs Of(GenerationRequest request, PipelineComponents parts) => new(
    [
        .. parts.ControlNets.Select((network, i) => (
            network, request.ControlWeights![i], Hint(request.ControlImages![i].Resize(request.Width!.Value, request.Height!.Value)).to(parts.Device))),
    ]);

    /// <summary>Those of pictures that share their evaluations, and with them the weights.</summary>
    public static ControlInputs Batch(IReadOnlyList<ControlInputs> pictures) => new(
        [.. pictures[0]._controls.Select((first, i) => (first.Network, first.Weight, cat([.. pictures.Select(p => p._controls[i].Hint)])))]);

    /// <summary>The denoiser of a generation with the control upon it; itself where there is none.</summary>
    public IDenoiser Over(IDenoiser denoiser, ISchedulerRun run, GenerationContext generation) =>
        _controls.Length == 0 ? denoiser : ((UNetRun)denoiser).Controlled(new ControlSchedule(this, run, generation));

    /// <summary>What the U-Net is evaluated on, with the sum of the residuals of the ControlNets that act.</summary>
    /// <param name="input">What it is evaluated on without.</param>
    /// <param name="evaluation">Which evaluation, from 0.</param>
    /// <param name="evaluations">How many there are.</param>
    /// <param name="generation">Asked before each ControlNet whether it is over, and after the last, for the U-Net comes then.</param>
    public UNetInput Control(UNetInput input, int evaluation, int evaluations, GenerationContext generation)
    {
        Tensor[]? down = null;
        Tensor? middle = null;
        ScalarType type = input.Sample.dtype;
        foreach ((LoadedControlNet control, ControlWeight weight, Tensor hint) in _controls.Where(c => c.Weight.Acts(evaluation, evaluations)))
        {
            generation.ThrowIfStopped();
            UNetInput seen = Seen(input, control);
            // Guidance evaluates several batches of the same pictures at once.
            Tensor pictures = hint.to(control.Type).repeat(seen.Sample.shape[0] / hint.shape[0], 1, 1, 1);
            ControlNetOutput output = control.Network.call(new ControlNetInput(seen, pictures) { ConditioningScale = weight.Scale!.Value });
            Tensor[] residuals = [.. output.DownResiduals.Select(r => As(type, r))];
            down = down is null ? residuals : [.. down.Zip(residuals, (a, b) => a.Add(b))];
            Tensor last = As(type, output.MiddleResidual);
            middle = middle is null ? last : middle.Add(last);
        }

        generation.ThrowIfStopped();
        return input with { DownResiduals = down, MiddleResidual = middle };
    }

    /// <summary>What a ControlNet sees of the U-Net's inputs: latents alone, where one for inpainting takes more, and in its own type.</summary>
    private static UNetInput Seen(UNetInput input, LoadedControlNet control) => input with
    {
        Sample = As(control.Type, input.Sample.narrow(1, 0, control.Network.Config.InChannels)),
        HiddenStates = As(control.Type, input.HiddenStates),
        TextEmbeds = input.TextEmbeds is null ? null : As(control.Type, input.TextEmbeds),
        TimestepCondition = input.TimestepCondition is null ? null : As(control.Type, input.TimestepCondition),
        Attention = input.Attention is null ? null : input.Attention with { Perturbed = null },
    };

    // The same object where nothing changes, by which the text is known again.
    private static Tensor As(ScalarType type, Tensor x) => x.dtype == type ? x : x.to(type);

    /// <summary>RGB in [0, 1].</summary>
    private static Tensor Hint(ImageBuffer image)
    {
        using Tensor pixels = ImageTensor.FromImage(image);
        return pixels.AddInPlace(1).Divide(2);
    }
}
