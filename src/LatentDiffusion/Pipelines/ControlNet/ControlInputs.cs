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

    /// <summary>Puts the control under one run of a scheduler; null where there is none.</summary>
    /// <param name="denoiser">The denoiser of the generation, which stays as it is.</param>
    /// <param name="run">The run, where it begins.</param>
    public ControlledRun? Start(IDenoiser denoiser, ISchedulerRun run) =>
        _controls.Length == 0 ? null : new ControlledRun(denoiser, this, run);

    /// <summary>The sum of the residuals of the ControlNets that act; null where none does.</summary>
    /// <param name="input">What the denoiser is evaluated on.</param>
    /// <param name="type">Number format of the residuals; null for that of each ControlNet.</param>
    /// <param name="texts">Keys and values of the texts that the ControlNets saw.</param>
    /// <param name="evaluation">Which evaluation, from 0.</param>
    /// <param name="evaluations">How many there are.</param>
    public IReadOnlyList<Tensor>? Evaluate(DenoiserInput input, ScalarType? type, TextCache texts, int evaluation, int evaluations)
    {
        Tensor[]? sum = null;
        foreach ((LoadedControlNet control, ControlWeight weight, Tensor hint) in _controls.Where(c => c.Weight.Acts(evaluation, evaluations)))
        {
            input.CancellationToken.ThrowIfCancellationRequested();
            // ControlNets read latents without what inpainting models read next to them.
            UNetInput seen = UNetInput.Of(input with { ConcatenatedLatents = null }, control.Type, guidanceWidth: null) with
            {
                Attention = new AttentionState(texts),
            };
            // Guidance evaluates several batches of the same images at once.
            Tensor images = hint.to(control.Type).repeat(seen.Sample.shape[0] / hint.shape[0], 1, 1, 1);
            ControlNetOutput output = control.Network.call(new ControlNetInput(seen, images) { ConditioningScale = weight.Scale!.Value });
            Tensor[] residuals = [.. output.DownResiduals.Append(output.MiddleResidual).Select(r => r.to(type ?? control.Type))];
            sum = sum is null ? residuals : [.. sum.Zip(residuals, (a, b) => a.Add(b))];
        }

        return sum;
    }

    /// <summary>RGB in [0, 1].</summary>
    private static Tensor Hint(ImageBuffer image)
    {
        using Tensor pixels = ImageTensor.FromImage(image);
        return pixels.AddInPlace(1).Divide(2);
    }
}
