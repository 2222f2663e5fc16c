using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The images that one pass is controlled by, those of each ControlNet of the pipeline (Zhang et al. 2023).</summary>
internal sealed class ControlInputs : IFeaturePass
{
    private readonly (LoadedControlNet Network, (ControlWeight Weight, Tensor Hint)[] Images)[] _controls;

    private ControlInputs((LoadedControlNet, (ControlWeight, Tensor)[])[] controls) => _controls = controls;

    /// <summary>Inputs of a complete request. Their tensors belong to the caller's dispose scope.</summary>
    /// <param name="request">The request of a pass.</param>
    /// <param name="networks">The pipeline's ControlNets.</param>
    /// <param name="device">Where they compute.</param>
    public static ControlInputs FromRequest(GenerationRequest request, IReadOnlyList<LoadedControlNet> networks, Device device)
    {
        (int width, int height) = (request.Width!.Value, request.Height!.Value);
        int next = 0;
        return new([.. networks.Select(network => (network, network.Weights.Select(_ => Image(next++)).ToArray()))]);

        (ControlWeight, Tensor) Image(int i) =>
            (request.ControlWeights![i], UnitImage.ToRgb(request.ControlImages![i].Resize(width, height)).to(device));
    }

    /// <summary>Those of images that share their evaluations, and with them the weights.</summary>
    public IFeaturePass Batch(IReadOnlyList<IFeaturePass> images)
    {
        ControlInputs[] all = [.. images.Cast<ControlInputs>()];
        return new ControlInputs(
            [.. _controls.Select((c, i) => (c.Network, c.Images.Select((image, j) => (image.Weight, Joined(i, j))).ToArray()))]);

        Tensor Joined(int i, int j) => cat([.. all.Select(image => image._controls[i].Images[j].Hint)]);
    }

    /// <summary>Begins a run of each ControlNet.</summary>
    public IReadOnlyList<IControlNetRun> Start() => [.. _controls.Select(c => c.Network.Network.Start())];

    public IDenoiserRun Extend(IDenoiser denoiser, ISchedulerRun run) => new ControlledRun(denoiser, this, run);

    /// <summary>The sum of the residuals of the ControlNets that act; null where none does.</summary>
    /// <param name="input">Input of the denoiser.</param>
    /// <param name="type">Number format of the residuals; null for that of each ControlNet.</param>
    /// <param name="runs">A run of each ControlNet.</param>
    /// <param name="evaluation">Which evaluation, from 0.</param>
    /// <param name="evaluations">How many there are.</param>
    public IReadOnlyList<Tensor>? Evaluate(
        DenoiserInput input, ScalarType? type, IReadOnlyList<IControlNetRun> runs, int evaluation, int evaluations)
    {
        Tensor[]? sum = null;
        foreach ((int i, (_, (ControlWeight Weight, Tensor Hint)[] images)) in _controls.Index())
        {
            ControlCondition[] acting = [.. images.Where(image => image.Weight.Acts(evaluation, evaluations)).Select(Condition)];
            if (acting.Length == 0) continue;
            input.CancellationToken.ThrowIfCancellationRequested();
            Tensor[] residuals = [.. runs[i].Evaluate(input, acting).Select(r => r.to(type ?? r.dtype))];
            sum = sum is null ? residuals : [.. sum.Zip(residuals, (a, b) => a.Add(b))];
        }

        return sum;

        // Guidance evaluates several batches of the same images at once.
        ControlCondition Condition((ControlWeight Weight, Tensor Hint) image) => new(
            image.Hint.repeat(input.Latents.shape[0] / image.Hint.shape[0], 1, 1, 1), image.Weight.Scale!.Value, image.Weight.Mode ?? 0);
    }
}
