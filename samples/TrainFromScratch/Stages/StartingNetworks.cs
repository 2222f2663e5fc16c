using System.Globalization;
using LatentDiffusion.Checkpoints;
using LatentDiffusion.Models;
using LatentDiffusion.Networks;
using LatentDiffusion.Training;

namespace TrainFromScratch;

/// <summary>
/// Networks of the model folder that a run starts from. An autoencoder for half the size grows, and so does a U-Net for fewer latent
/// channels.
/// </summary>
internal static class StartingNetworks
{
    private const string EncoderBlocks = "encoder.down_blocks.";

    /// <summary>Reads the autoencoder.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="config">The recipe's configuration.</param>
    /// <returns>The network, and whether it is trained. A network that has grown is not.</returns>
    public static (AutoencoderKL Network, bool IsTrained) Autoencoder(string folder, AutoencoderKLConfig config)
    {
        string weights = Path.Combine(folder, "vae", ModelFiles.Weights);
        using SafetensorsFile file = SafetensorsFile.Open(weights);
        int levels = 1 + file.Entries.Select(e => Level(e.Name)).DefaultIfEmpty(-1).Max();
        int latents = Channels(file, "decoder.conv_in.weight") ?? config.LatentChannels;
        bool isSmaller = levels == config.BlockOutChannels.Length - 1 && latents <= config.LatentChannels;
        AutoencoderKL network = (!isSmaller ? config : config with
        {
            DownBlockTypes = config.DownBlockTypes[1..], UpBlockTypes = config.UpBlockTypes[..^1],
            BlockOutChannels = config.BlockOutChannels[1..], LatentChannels = latents, SampleSize = config.SampleSize[0] / 2,
        }).Build();
        StateDict.Load(network, file);
        if (!isSmaller) return (network, true);
        using (network) return (AutoencoderGrowth.AddLevel(network, config.LatentChannels), false);
    }

    /// <summary>Reads the U-Net.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="config">The recipe's configuration, fitted to the latents.</param>
    public static UNet2DConditionModel UNet(string folder, UNet2DConditionConfig config)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "unet", ModelFiles.Weights));
        int channels = Math.Min(Channels(file, "conv_in.weight") ?? config.InChannels, config.InChannels);
        UNet2DConditionModel network =
            (config with { InChannels = channels, OutChannels = config.OutChannels / config.InChannels * channels }).Build();
        StateDict.Load(network, file);
        if (channels == config.InChannels) return network;
        using (network) return DenoiserGrowth.AddLatentChannels(network, config.InChannels);
    }

    /// <summary>The encoder's resolution that a parameter belongs to; −1 for none.</summary>
    private static int Level(string name) =>
        name.StartsWith(EncoderBlocks, StringComparison.Ordinal)
            && int.TryParse(name[EncoderBlocks.Length..].Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int level)
            ? level
            : -1;

    /// <summary>Input channels of a convolution.</summary>
    private static int? Channels(SafetensorsFile file, string convolution) =>
        file.Find(convolution) is { Shape: [_, var channels, _, _] } ? (int)channels : null;
}
