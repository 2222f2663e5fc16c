using System.Globalization;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Files of tiny autoencoders as they were first published (TAESD): encoder and decoder in one file each, layers named by
/// only their index. Safetensors or <c>.pth</c>.
/// </summary>
public static class TinyCheckpoint
{
    /// <summary>There the decoder's bounding of latents takes the first index.</summary>
    private const int DecoderOffset = 1;

    /// <summary>Opens both files as a network.</summary>
    /// <param name="encoder">Path of the encoder's file.</param>
    /// <param name="decoder">Path of the decoder's file.</param>
    /// <param name="config">
    /// The configuration; null for the default. <see cref="AutoencoderTinyConfig.UseMidblockGn"/> and the number of latent channels
    /// always follow from the file.
    /// </param>
    /// <param name="options">How it is loaded; null for the CPU and the files' own type.</param>
    /// <exception cref="CheckpointException">A file is damaged or does not fit.</exception>
    public static AutoencoderTiny Open(
        string encoder, string decoder, AutoencoderTinyConfig? config = null, CheckpointOptions? options = null)
    {
        using ITensorSource down = Checkpoint.Open(encoder), up = Checkpoint.Open(decoder);
        config ??= new AutoencoderTinyConfig();
        options ??= new CheckpointOptions();
        AutoencoderTiny network = (config with
        {
            LatentChannels = up.Find($"{DecoderOffset}.weight") is { Shape: [_, var latents, ..] } ? (int)latents : config.LatentChannels,
            UseMidblockGn = down.Entries.Any(e => e.Name.Contains(".pool.", StringComparison.Ordinal)),
        }).BuildUninitialized(options.Device, options.TypeFor(down));
        try
        {
            using ITensorSource both = new CombinedTensorSource(Map(down, "encoder", 0), Map(up, "decoder", DecoderOffset));
            StateDict.Load(network, both);
            network.eval();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private static MappedTensors Map(ITensorSource source, string half, int offset) => new(source, source.Entries.Select(entry =>
    {
        string index = entry.Name.Split('.')[0];
        bool numbered = int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out int layer);
        return new MappedTensor(numbered ? $"{half}.layers.{layer - offset}{entry.Name[index.Length..]}" : entry.Name, entry);
    }));
}
