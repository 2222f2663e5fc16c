using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Files of tiny autoencoders (TAESD, TAESDXL, TAESD3, TAEF1, TAEF2) as they were published: encoder and decoder in one file each,
/// layers named by only their index, or both in one file. Safetensors or <c>.pth</c>.
/// </summary>
public static class TinyCheckpoint
{
    /// <summary>Opens both files as a network.</summary>
    /// <param name="encoder">Path of the encoder's file.</param>
    /// <param name="decoder">Path of the decoder's file.</param>
    /// <param name="config">
    /// The configuration; null for that which follows from the files. <see cref="AutoencoderTinyConfig.UseMidblockGn"/> and the number of
    /// latent channels always follow from the files.
    /// </param>
    /// <param name="options">How it is loaded; null for the CPU and the files' own type.</param>
    /// <exception cref="CheckpointException">A file is damaged or does not fit.</exception>
    public static AutoencoderTiny Open(
        string encoder, string decoder, AutoencoderTinyConfig? config = null, CheckpointOptions? options = null)
    {
        using ITensorSource down = Checkpoint.Open(encoder), up = Checkpoint.Open(decoder);
        var (first, second) = (new TinyTensors(down), new TinyTensors(up));
        Refuse(!first.HasEncoder, encoder, TinyTensors.Encoder);
        Refuse(!second.HasDecoder, decoder, TinyTensors.Decoder);
        using MappedTensors mappedDown = new(down, first.Map()), mappedUp = new(up, second.Map());
        using ITensorSource both = new CombinedTensorSource(mappedDown, mappedUp);
        return Read(both, config, options ?? new CheckpointOptions());
    }

    /// <summary>Opens one file with both halves, or the file of one half with that of the other next to it.</summary>
    /// <param name="path">
    /// Path of the file. For one half, the other file is found by name: next to <c>taesd_decoder.safetensors</c>,
    /// <c>taesd_encoder.safetensors</c> or <c>taesd_encoder.pth</c>.
    /// </param>
    /// <param name="options">How it is loaded; null for the CPU and the file's own type.</param>
    /// <exception cref="CheckpointException">A file is damaged or does not fit, or the other half is missing.</exception>
    public static AutoencoderTiny OpenFile(string path, CheckpointOptions? options = null)
    {
        using ITensorSource file = Checkpoint.Open(path);
        Refuse(!IsTiny(file), path, "encoder or decoder");
        return Read(file, options ?? new CheckpointOptions());
    }

    /// <summary>Whether a file holds a tiny autoencoder, or a half of one.</summary>
    internal static bool IsTiny(ITensorSource file) => new TinyTensors(file) is { HasEncoder: true } or { HasDecoder: true };

    /// <summary>The network of a file for which <see cref="IsTiny"/> is true.</summary>
    internal static AutoencoderTiny Read(ITensorSource file, CheckpointOptions options)
    {
        var tensors = new TinyTensors(file);
        if (!tensors.HasDecoder)
            return Open(file.Path, TinyFiles.FindOther(file.Path, TinyTensors.Encoder, TinyTensors.Decoder), options: options);
        if (!tensors.HasEncoder)
            return Open(TinyFiles.FindOther(file.Path, TinyTensors.Decoder, TinyTensors.Encoder), file.Path, options: options);
        using var mapped = new MappedTensors(file, tensors.Map());
        return Read(mapped, config: null, options);
    }

    /// <summary>Only the decoder of a file.</summary>
    /// <exception cref="CheckpointException">The file is damaged or does not fit, or holds no decoder of a tiny autoencoder.</exception>
    internal static TinyDecoder OpenDecoder(string path, CheckpointOptions options)
    {
        using ITensorSource file = Checkpoint.Open(path);
        var tensors = new TinyTensors(file);
        Refuse(!tensors.HasDecoder, path, TinyTensors.Decoder);
        using var mapped = new MappedTensors(
            file, tensors.Map().Where(t => !t.Name.StartsWith($"{TinyTensors.Encoder}.", StringComparison.Ordinal)));
        return Load(mapped, Infer(mapped, withEncoder: false), options, (config, layers) => new TinyDecoder(config, layers));
    }

    private static AutoencoderTiny Read(ITensorSource both, AutoencoderTinyConfig? config, CheckpointOptions options)
    {
        AutoencoderTinyConfig inferred = Infer(both, withEncoder: true);
        config = config is null
            ? inferred
            : config with { LatentChannels = inferred.LatentChannels, UseMidblockGn = inferred.UseMidblockGn };
        return Load(both, config, options, (known, layers) => new AutoencoderTiny(known, layers));
    }

    private static T Load<T>(
        ITensorSource source, AutoencoderTinyConfig config, CheckpointOptions options, Func<AutoencoderTinyConfig, LayerFactory, T> build)
        where T : nn.Module
    {
        T network;
        try
        {
            network = build(config, LayerFactory.For(source, options));
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(
                source.Path, $"its tensors do not form a valid configuration: {e.Message}", e);
        }

        try
        {
            StateDict.Load(network, source);
            network.eval();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>The configuration of the layers: stages of blocks between convolutions.</summary>
    private static AutoencoderTinyConfig Infer(ITensorSource network, bool withEncoder)
    {
        (int[] channels, int[] blocks) = Stages(network, TinyTensors.Decoder);
        (int[] encoderChannels, int[] encoderBlocks) = withEncoder ? Stages(network, TinyTensors.Encoder) : (channels, blocks);
        return new AutoencoderTinyConfig
        {
            EncoderBlockOutChannels = [.. encoderChannels], NumEncoderBlocks = [.. encoderBlocks],
            DecoderBlockOutChannels = [.. channels], NumDecoderBlocks = [.. blocks],
            LatentChannels = network.Find("decoder.layers.0.weight") is { Shape: [_, var latents, ..] }
                ? (int)Math.Min(latents, ConfigRules.Largest + 1L)
                : 0,
            UseMidblockGn = network.Entries.Any(e => e.Name.Contains(".pool.", StringComparison.Ordinal)),
        };
    }

    private static (int[] Channels, int[] Blocks) Stages(ITensorSource network, string half)
    {
        var channels = new List<int>();
        var blocks = new List<int>();
        foreach (int? layer in TinyTensors.Layers(network, half))
        {
            if (layer is null && blocks.Count > 0) blocks[^1]++;
            if (layer is not { } width) continue;
            channels.Add(width);
            blocks.Add(0);
        }

        // The last convolution begins no stage.
        return ([.. channels.SkipLast(1)], [.. blocks.SkipLast(1)]);
    }

    private static void Refuse(bool condition, string path, string half)
    {
        if (condition) throw new CheckpointException(path, $"it does not hold the {half} of a tiny autoencoder (TAESD).");
    }
}
