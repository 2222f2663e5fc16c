using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The images that one pass is controlled by, one for each ControlNet of the pipeline (Zhang et al. 2023).</summary>
internal sealed class ControlInputs : IFeaturePass
{
    private readonly (LoadedControlNet Network, ControlWeight Weight, Tensor Hint)[] _controls;

    private ControlInputs((LoadedControlNet, ControlWeight, Tensor)[] controls) => _controls = controls;

    /// <summary>Those of a request that is complete. Their tensors belong to the caller's dispose scope.</summary>
    /// <param name="request">The request of a pass.</param>
    /// <param name="networks">The pipeline's ControlNets.</param>
    /// <param name="device">Where they compute.</param>
    public static ControlInputs Of(GenerationRequest request, IReadOnlyList<LoadedControlNet> networks, Device device)
    {
        (int width, int height) = (request.Width!.Value, request.Height!.Value);
        return new([.. networks.Select((n, i) => (n, request.ControlWeights![i], Image(i)))]);

        Tensor Image(int i) => Hint(request.ControlImages![i].Resize(width, height)).to(device);
    }

    /// <summary>Those of images that share their evaluations, and with them the weights.</summary>
    public IFeaturePass Batch(IReadOnlyList<IFeaturePass> images)
    {
        ControlInputs[] all = [.. images.Cast<ControlInputs>()];
        return new ControlInputs([.. _controls.Select((c, i) => (c.Network, c.Weight, Joined(i)))]);

        Tensor Joined(int i) => cat([.. all.Select(image => image._controls[i].Hint)]);
    }

    public IDenoiserRun Extend(IDenoiser denoiser, ISchedulerRun run) => new ControlledRun(denoiser, this, run);

    /// <summary>The sum of the residuals of the ControlNets that act; null where none does.</summary>
    /// <param name="input">What the denoiser is evaluated on.</param>
    /// <param name="type">Number format of the residuals; null for that of each ControlNet.</param>
    /// <param name="texts">Keys and values of the texts that the ControlNets saw.</param>
    /// <param name="evaluation">Which evaluation, from 0.</param>
    /// <param name="evaluations">How many there are.</param>
    public IReadOnlyList<Tensor>? Evaluate(DenoiserInput input, ScalarType? type, TextCache texts, int evaluation, int evaluations)
    {
        Tensor[]? sum = null;
        foreach ((LoadedControlNet control, ControlWeight weight, Tensor hint) in _controls)
        {
            if (!weight.Acts(evaluation, evaluations)) continue;
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
