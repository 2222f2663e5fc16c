using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A ControlNet of a pipeline, with the default weight of each of its images.</summary>
/// <param name="Network">The network.</param>
/// <param name="Name">Its name.</param>
/// <param name="Weights">One; of a union ControlNet one for each image. Complete, except that a union's mode may be open.</param>
/// <param name="Owned">Whether the pipeline loaded it, and releases it; those of the model's own folder are the model's.</param>
internal sealed record LoadedControlNet(IControlNet Network, string Name, IReadOnlyList<ControlWeight> Weights, bool Owned)
    : IOffloadable, IDisposable
{
    /// <summary>Reads one for a pipeline.</summary>
    /// <exception cref="InvalidOperationException">It is for another kind of model.</exception>
    /// <exception cref="NotSupportedException">No model family has such a network.</exception>
    public static LoadedControlNet Open(ControlNetChoice choice, PipelineAssembly assembly)
    {
        DenoiserDescription denoiser = assembly.Denoiser.Description;
        var options = new CheckpointOptions
        {
            Device = assembly.Home ?? assembly.Device, Type = denoiser.Type, Logger = assembly.Logger,
        };
        IEnumerable<ModelFamily> own = assembly.Model?.Components is { } components ? [components.Family] : [];
        IControlNet network = own.Concat(ModelFamilies.All).Select(family => family.ReadControlNet(choice.Folder, options))
            .FirstOrDefault(found => found is not null)
            ?? throw new NotSupportedException($"No model family reads '{choice.Folder}' as a ControlNet.");
        try
        {
            network.Description.Check($"in '{choice.Folder}'", denoiser, assembly.Autoencoder);
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(choice.Folder)));
            CheckModes(choice, network.Description.Modes);
            ControlWeight[] weights = choice.Modes is { } modes
                ? [.. modes.Select(mode => choice.Weight with { Mode = mode })]
                : [choice.Weight];
            return new LoadedControlNet(network, name, weights, Owned: true);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>ControlNets of a model's folder.</summary>
    /// <exception cref="InvalidOperationException">One is for another kind of model.</exception>
    public static IEnumerable<LoadedControlNet> Own(
        ModelComponents components, DenoiserDescription denoiser, IAutoencoder autoencoder)
    {
        foreach ((string name, IControlNet network) in components.Family.ControlNets(components))
        {
            network.Description.Check($"'{name}' of the model", denoiser, autoencoder);
            yield return new LoadedControlNet(network, name, [new ControlWeight { Scale = 1, Start = 0, End = 1 }], Owned: false);
        }
    }

    private static void CheckModes(ControlNetChoice choice, int modes)
    {
        if (modes == 0 && choice.Modes is not null)
        {
            throw new InvalidOperationException(
                $"The ControlNet in '{choice.Folder}' is not a union ControlNet and has no modes; "
                + $"add it by {nameof(ControlNetBuilderExtensions.UseControlNet)}.");
        }

        if (modes > 0 && choice.Modes is null)
        {
            throw new InvalidOperationException(
                $"The ControlNet in '{choice.Folder}' is a union ControlNet; "
                + $"add it by {nameof(ControlNetBuilderExtensions.UseControlNetUnion)}, with the modes of its images.");
        }

        if (choice.Modes?.Max() is { } most && most >= modes)
        {
            throw new InvalidOperationException(
                $"The ControlNet in '{choice.Folder}' does not have the mode {most}; expected 0 to {modes - 1}.");
        }
    }

    public bool TryMoveTo(Device device) => Network.TryMoveTo(device);

    public void Dispose()
    {
        if (Owned) Network.Dispose();
    }
}
