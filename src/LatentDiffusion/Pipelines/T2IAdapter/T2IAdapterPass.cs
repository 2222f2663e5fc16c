using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The feature maps of the T2I-Adapters in one pass.</summary>
/// <param name="adapters">
/// The complete weight of each adapter that acts, and its feature maps multiplied by the scale, [batch, channels, height, width].
/// </param>
internal sealed class T2IAdapterPass(IReadOnlyList<(AdapterWeight Weight, IReadOnlyList<Tensor> Maps)> adapters) : IFeaturePass
{
    private readonly IReadOnlyList<(AdapterWeight Weight, IReadOnlyList<Tensor> Maps)> _adapters = adapters;

    /// <summary>Those of images that share their evaluations, and with them the weights.</summary>
    public IFeaturePass Batch(IReadOnlyList<IFeaturePass> images)
    {
        T2IAdapterPass[] all = [.. images.Cast<T2IAdapterPass>()];
        return new T2IAdapterPass([.. _adapters.Select((adapter, i) => (adapter.Weight, Joined(i)))]);

        IReadOnlyList<Tensor> Joined(int i) =>
            [.. _adapters[i].Maps.Select((_, map) => cat([.. all.Select(image => image._adapters[i].Maps[map])]))];
    }

    public IDenoiserRun? Extend(IDenoiser denoiser, ISchedulerRun run) =>
        _adapters.Count == 0 ? null : new Run(denoiser, _adapters, run, run.StepIndex);

    /// <summary>A denoiser that adds them, as long as they act.</summary>
    private sealed class Run(
        IDenoiser denoiser, IReadOnlyList<(AdapterWeight Weight, IReadOnlyList<Tensor> Maps)> adapters, ISchedulerRun run, int begin)
        : IDenoiserRun
    {
        public DenoiserDescription Description => denoiser.Description;

        public Tensor Predict(DenoiserInput input)
        {
            ArgumentNullException.ThrowIfNull(input);
            using IDisposable noGrad = no_grad();
            using DisposeScope scope = NewDisposeScope();
            (int evaluation, int evaluations) = (run.StepIndex - begin, run.Timesteps.Count - begin);
            Tensor[]? sum = null;
            foreach ((_, IReadOnlyList<Tensor> maps) in adapters.Where(adapter => adapter.Weight.Acts(evaluation, evaluations)))
                sum = sum is null ? [.. maps] : Sum(sum, maps);
            return denoiser.Predict(input with { AdapterResiduals = sum?.Select(map => Repeated(map, input)).ToArray() })
                .MoveToOuterDisposeScope();
        }

        public void Dispose()
        {
        }

        /// <summary>An adapter may have feature maps that another one lacks.</summary>
        private static Tensor[] Sum(Tensor[] sum, IReadOnlyList<Tensor> maps)
        {
            (IReadOnlyList<Tensor> longer, IReadOnlyList<Tensor> shorter) = (sum, maps);
            if (sum.Length < maps.Count) (longer, shorter) = (maps, sum);
            return [.. longer.Select((map, i) => i < shorter.Count ? map.Add(shorter[i]) : map)];
        }

        /// <summary>Guidance evaluates several batches of the same images at once.</summary>
        private static Tensor Repeated(Tensor map, DenoiserInput input) => map.repeat(input.Latents.shape[0] / map.shape[0], 1, 1, 1);
    }
}
