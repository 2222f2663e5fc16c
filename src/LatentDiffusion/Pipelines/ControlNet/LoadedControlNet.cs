using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A ControlNet of a pipeline, with how strongly and when it controls where a request does not say.</summary>
/// <param name="Network">The network.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Weight">Complete.</param>
/// <param name="Owned">Whether the pipeline loaded it, and releases it; those of the model's own folder are the model's.</param>
internal sealed record LoadedControlNet(ControlNetModel Network, string Name, ControlWeight Weight, bool Owned) : IOffloadable, IDisposable
{
    /// <summary>The type it computes in.</summary>
    public ScalarType Type { get; } = NetworkUse.TypeOf(Network);

    /// <summary>Reads one for a model's U-Net.</summary>
    /// <exception cref="InvalidOperationException">It is for another kind of U-Net.</exception>
    public static LoadedControlNet Open(ControlNetChoice choice, UNetDenoiser denoiser, IAutoencoder autoencoder, ILogger logger)
    {
        ControlNetModel network = DiffusersFolder.ReadNetwork<ControlNetModel>(choice.Folder, new CheckpointOptions { Device = denoiser.Device, Type = denoiser.Type, Logger = logger });
        try
        {
            Check(network.Config, $"in '{choice.Folder}'", denoiser.Config, autoencoder);
            return new LoadedControlNet(network, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(choice.Folder))), choice.Weight, Owned: true);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Those of a model's own folder.</summary>
    /// <exception cref="InvalidOperationException">One is for another kind of U-Net.</exception>
    public static IEnumerable<LoadedControlNet> Own(ModelComponents components, IAutoencoder autoencoder)
    {
        foreach ((int i, ControlNetModel network) in components.ControlNets.Index())
        {
            Check(network.Config, $"'{StableDiffusionFamily.ControlNets.NameAt(i)}' of the model", components.UNet.Config, autoencoder);
            yield return new LoadedControlNet(network, StableDiffusionFamily.ControlNets.NameAt(i), new ControlWeight { Scale = 1, Start = 0, End = 1 }, Owned: false);
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

    private static void Check(ControlNetConfig own, string which, UNet2DConditionConfig unet, IAutoencoder autoencoder)
    {
        Refuse(own.InChannels != autoencoder.LatentChannels, $"takes {own.InChannels} channels, and the latents have {autoencoder.LatentChannels}");
        Refuse(!own.BlockOutChannels.SequenceEqual(unet.BlockOutChannels), $"has blocks of {string.Join(", ", own.BlockOutChannels)} channels, and the U-Net of {string.Join(", ", unet.BlockOutChannels)}");
        Refuse(own.CrossAttentionDim[0] != unet.CrossAttentionDim[0], $"takes hidden states of width {own.CrossAttentionDim[0]}, and the U-Net of {unet.CrossAttentionDim[0]}");
        int shrinks = 1 << (own.ConditioningEmbeddingOutChannels.Length - 1);
        Refuse(shrinks != autoencoder.DownsamplingFactor, $"shrinks pictures by {shrinks}, and the autoencoder by {autoencoder.DownsamplingFactor}");

        void Refuse(bool condition, string why)
        {
            if (condition) throw new InvalidOperationException($"The ControlNet {which} {why}.");
        }
    }
}
