using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The pictures that a generation is controlled by, one for each ControlNet of the pipeline (Zhang et al. 2023).</summary>
internal sealed class ControlHints
{
    private readonly (LoadedControlNet Network, Tensor Hint)[] _controls;

    private ControlHints((LoadedControlNet, Tensor)[] controls) => _controls = controls;

    /// <summary>Those of a request that is complete. Their tensors belong to the caller's dispose scope.</summary>
    public static ControlHints Of(GenerationRequest request, PipelineParts parts) => new(
    [
        .. parts.ControlNets.Select((network, i) => (network, Hint(request.ControlImages![i].Resize(request.Width!.Value, request.Height!.Value)).to(parts.Device))),
    ]);

    /// <summary>The denoiser of a generation with the control upon it; itself where there is none.</summary>
    public IDenoiser Over(IDenoiser denoiser, ISchedulerRun run) =>
        _controls.Length == 0 ? denoiser : ((UNetRun)denoiser).Controlled(new ControlSchedule(this, run));

    /// <summary>What the U-Net is evaluated on, with the sum of the residuals of the ControlNets that act.</summary>
    /// <param name="input">What it is evaluated on without.</param>
    /// <param name="evaluation">Which evaluation, from 0.</param>
    /// <param name="evaluations">How many there are.</param>
    public UNetInput Control(UNetInput input, int evaluation, int evaluations)
    {
        Tensor[]? down = null;
        Tensor? middle = null;
        foreach ((LoadedControlNet control, Tensor hint) in _controls.Where(c => c.Network.Acts(evaluation, evaluations)))
        {
            // A U-Net for inpainting takes more than latents, a ControlNet never does.
            UNetInput seen = input with
            {
                Sample = input.Sample.narrow(1, 0, control.Network.Config.InChannels),
                Attention = input.Attention is null ? null : input.Attention with { Perturbed = null },
            };
            Tensor pictures = hint.to(seen.Sample.dtype).expand(seen.Sample.shape[0], -1, -1, -1);
            ControlNetOutput output = control.Network.call(new ControlNetInput(seen, pictures) { ConditioningScale = control.Scale });
            down = down is null ? [.. output.DownResiduals] : [.. down.Zip(output.DownResiduals, (a, b) => a + b)];
            middle = middle is null ? output.MiddleResidual : middle + output.MiddleResidual;
        }

        return input with { DownResiduals = down, MiddleResidual = middle };
    }

    /// <summary>RGB in [0, 1].</summary>
    private static Tensor Hint(ImageBuffer image)
    {
        using Tensor pixels = ImageTensor.FromImage(image);
        return pixels.add_(1).div(2);
    }
}
