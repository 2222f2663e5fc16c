using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A ControlNet of a pipeline, with its default weight.</summary>
/// <param name="Network">The network.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Weight">Complete.</param>
/// <param name="Owned">Whether the pipeline loaded it, and releases it; those of the model's own folder are the model's.</param>
internal sealed record LoadedControlNet(ControlNetModel Network, string Name, ControlWeight Weight, bool Owned) : IOffloadable, IDisposable
{
    /// <summary>The type it computes in.</summary>
    public ScalarType Type { get; } = NetworkUse.TypeOf(Network);

    /// <summary>Reads one for a denoiser.</summary>
    /// <exception cref="InvalidOperationException">It is for another kind of U-Net.</exception>
    public static LoadedControlNet Open(
        ControlNetChoice choice, DenoiserDescription denoiser, IAutoencoder autoencoder, Device device, ILogger logger)
    {
        ControlNetModel network = DiffusersFolder.ReadNetwork<ControlNetModel>(
            choice.Folder, new CheckpointOptions { Device = device, Type = denoiser.Type, Logger = logger });
        try
        {
            Check(network.Config, $"in '{choice.Folder}'", denoiser, autoencoder);
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(choice.Folder)));
            return new LoadedControlNet(network, name, choice.Weight, Owned: true);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Those of a model's own folder.</summary>
    /// <exception cref="InvalidOperationException">One is for another kind of U-Net.</exception>
    public static IEnumerable<LoadedControlNet> Own(
        ModelComponents components, DenoiserDescription denoiser, IAutoencoder autoencoder)
    {
        foreach ((int i, ControlNetModel network) in components.ControlNets.Index())
        {
            Check(network.Config, $"'{StableDiffusionFamily.ControlNets.NameAt(i)}' of the model", denoiser, autoencoder);
            yield return new LoadedControlNet(
                network, StableDiffusionFamily.ControlNets.NameAt(i), new ControlWeight { Scale = 1, Start = 0, End = 1 }, Owned: false);
        }
    }

    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(Network, device);
        return true;
    }

    public void Dispose()
    {
        if (Owned) Network.Dispose();
    }

    private static void Check(ControlNetConfig own, string which, DenoiserDescription denoiser, IAutoencoder autoencoder)
    {
        UNet2DConditionConfig encoder = own.Encoder();
        IReadOnlyList<int> given = UNetDescription.ResidualChannels(encoder), taken = denoiser.ControlResidualChannels;
        int text = encoder.EncoderHidDim ?? encoder.CrossAttentionDim[0];
        int latents = autoencoder.LatentChannels;
        Refuse(own.InChannels != latents, $"takes {own.InChannels} channels, and the latents have {latents}");
        Refuse(taken.Count == 0, "needs a denoiser that adds its residuals, and this one does not");
        Refuse(
            !given.SequenceEqual(taken),
            $"gives residuals of {string.Join(", ", given)} channels, and the U-Net takes {string.Join(", ", taken)}");
        Refuse(
            denoiser.TextWidth is { } width && text != width,
            $"takes hidden states of width {text}, and the U-Net of {denoiser.TextWidth}");
        int shrinks = 1 << (own.ConditioningEmbeddingOutChannels.Length - 1);
        int factor = autoencoder.DownsamplingFactor;
        Refuse(shrinks != factor, $"shrinks images by {shrinks}, and the autoencoder by {factor}");

        void Refuse(bool condition, string why)
        {
            if (condition) throw new InvalidOperationException($"The ControlNet {which} {why}.");
        }
    }
}
