using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A T2I-Adapter of a pipeline, with its default weight.</summary>
/// <param name="Network">The network.</param>
/// <param name="Name">Its name.</param>
/// <param name="Weight">Complete.</param>
/// <param name="Owned">Whether the pipeline loaded it, and releases it; those of the model's own folder are the model's.</param>
internal sealed record LoadedT2IAdapter(IT2IAdapter Network, string Name, AdapterWeight Weight, bool Owned) : IOffloadable, IDisposable
{
    /// <summary>Reads one for a pipeline.</summary>
    /// <exception cref="InvalidOperationException">It is for another kind of model.</exception>
    /// <exception cref="NotSupportedException">No model family has such a network.</exception>
    public static LoadedT2IAdapter Open(T2IAdapterChoice choice, PipelineAssembly assembly)
    {
        DenoiserDescription denoiser = assembly.Denoiser.Description;
        var options = new CheckpointOptions
        {
            Device = assembly.Home ?? assembly.Device, Type = denoiser.Type, Logger = assembly.Logger,
        };
        IEnumerable<ModelFamily> own = assembly.Model?.Components is { } components ? [components.Family] : [];
        IT2IAdapter network = own.Concat(ModelFamilies.All).Select(family => family.ReadT2IAdapter(choice.Path, options))
            .FirstOrDefault(found => found is not null)
            ?? throw new NotSupportedException($"No model family reads '{choice.Path}' as a T2I-Adapter.");
        try
        {
            network.Description.Check($"in '{choice.Path}'", denoiser, assembly.Autoencoder);
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(choice.Path)));
            return new LoadedT2IAdapter(network, name, choice.Weight, Owned: true);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>T2I-Adapters of a model's folder.</summary>
    /// <exception cref="InvalidOperationException">One is for another kind of model.</exception>
    public static IEnumerable<LoadedT2IAdapter> Own(
        ModelComponents components, DenoiserDescription denoiser, IAutoencoder autoencoder)
    {
        foreach ((string name, IT2IAdapter network) in components.Family.T2IAdapters(components))
        {
            network.Description.Check($"'{name}' of the model", denoiser, autoencoder);
            yield return new LoadedT2IAdapter(network, name, new AdapterWeight { Scale = 1, ConditioningFactor = 1 }, Owned: false);
        }
    }

    /// <summary>The feature maps of an image, multiplied by a scale, in the current dispose scope.</summary>
    /// <param name="image">The image, at the size of the generated image.</param>
    /// <param name="scale">The factor.</param>
    /// <param name="device">Where the network computes.</param>
    public IReadOnlyList<Tensor> Evaluate(ImageBuffer image, double scale, Device device)
    {
        using Tensor pixels = (Network.Description.Channels == 1 ? UnitImage.ToGrey(image) : UnitImage.ToRgb(image)).to(device);
        return [.. Network.Evaluate(pixels).Select(map => map.Into(x => x.Multiply(scale)))];
    }

    public bool TryMoveTo(Device device) => Network.TryMoveTo(device);

    public void Dispose()
    {
        if (Owned) Network.Dispose();
    }
}
