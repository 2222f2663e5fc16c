using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The T2I-Adapters in one generation, evaluated once for all images and steps of a pass.</summary>
/// <param name="adapters">The pipeline's adapters.</param>
/// <param name="generation">The generation.</param>
/// <param name="components">Components of the pipeline.</param>
internal sealed class T2IAdapterRun(
    IReadOnlyList<LoadedT2IAdapter> adapters, GenerationContext generation, PipelineComponents components) : IFeatureRun
{
    /// <exception cref="OperationCanceledException">The generation is cancelled.</exception>
    public IFeaturePass Prepare(GenerationRequest pass, int index)
    {
        var maps = new List<(AdapterWeight, IReadOnlyList<Tensor>)>();
        foreach ((int i, LoadedT2IAdapter adapter) in adapters.Index())
        {
            AdapterWeight weight = pass.AdapterWeights![i];
            if (weight.Scale == 0) continue;
            generation.ThrowIfStopped();
            using IDisposable loaded = components.Offloader.Load(generation.Token, adapter);
            ImageBuffer image = pass.AdapterImages![i].Resize(pass.Width!.Value, pass.Height!.Value);
            maps.Add((weight, adapter.Evaluate(image, weight.Scale!.Value, components.Device)));
        }

        return new T2IAdapterPass(maps);
    }
}
