using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Models;

/// <summary>Names and configuration of the autoencoder in a single file, as the original code of latent diffusion (LDM) wrote it.</summary>
internal static partial class LdmAutoencoder
{
    /// <summary>Statistics of latents, which only the autoencoder of FLUX.2 has.</summary>
    private const string Statistics = "bn.";

    /// <summary>Whether the tensors are those of FLUX.2's autoencoder.</summary>
    /// <param name="stored">The autoencoder's tensors, by their names without the prefix.</param>
    public static bool IsFlux2(Dictionary<string, TensorEntry> stored) => stored.ContainsKey($"{Statistics}running_mean");

    /// <summary>The stored tensors under the names of the network's parameters.</summary>
    /// <param name="stored">The autoencoder's tensors, by their names without the prefix.</param>
    public static IEnumerable<MappedTensor> Tensors(Dictionary<string, TensorEntry> stored)
    {
        int last = stored.Keys.Select(name => Up().Match(name)).Where(m => m.Success).Select(m => Level(m)).DefaultIfEmpty(0).Max();
        foreach ((string name, TensorEntry entry) in stored)
        {
            if (name == Statistics + RunningStatistics.Count) continue;
            string parameter = Up().Replace(name, m => $"decoder.up.{last - Level(m)}.");
            foreach ((Regex ldm, string replacement) in LdmNames.AutoencoderParts) parameter = ldm.Replace(parameter, replacement);
            parameter = DiffusersNames.CurrentName(parameter);
            bool projection = parameter.Contains(".attentions.") && parameter.EndsWith(".weight", StringComparison.Ordinal);
            yield return new MappedTensor(parameter, entry, projection ? TensorView.Matrix : TensorView.Same);
        }
    }

    /// <summary>The configuration that follows from the tensors' shapes.</summary>
    /// <param name="network">The tensors, named as by <see cref="Tensors"/>.</param>
    /// <param name="published">Settings that do not follow from them.</param>
    public static AutoencoderKLConfig Infer(ITensorSource network, PublishedLatents published)
    {
        (IReadOnlyList<int> channels, int layers, int latents) = Shape(network);
        return new AutoencoderKLConfig
        {
            BlockOutChannels = [.. channels],
            DownBlockTypes = [.. channels.Select(_ => AutoencoderBlock.PlainDown)],
            UpBlockTypes = [.. channels.Select(_ => AutoencoderBlock.PlainUp)],
            LayersPerBlock = layers,
            LatentChannels = latents,
            UseQuantConv = network.Find("quant_conv.weight") is not null,
            UsePostQuantConv = network.Find("post_quant_conv.weight") is not null,
            MidBlockAddAttention = network.Find("encoder.mid_block.attentions.0.to_q.weight") is not null,
            SampleSize = published.SampleSize,
            ScalingFactor = published.ScalingFactor,
            ShiftFactor = published.ShiftFactor,
        };
    }

    /// <summary>The configuration of FLUX.2's autoencoder that follows from the tensors' shapes.</summary>
    /// <param name="network">The tensors, named as by <see cref="Tensors"/>.</param>
    public static AutoencoderKLFlux2Config InferFlux2(ITensorSource network)
    {
        (IReadOnlyList<int> channels, int layers, int latents) = Shape(network);
        int[] decoder = [.. Widths(network, i => $"decoder.up_blocks.{channels.Count - 1 - i}.resnets.0.conv2.weight")];
        return new AutoencoderKLFlux2Config
        {
            BlockOutChannels = [.. channels],
            DecoderBlockOutChannels = decoder.SequenceEqual(channels) ? null : [.. decoder],
            DownBlockTypes = [.. channels.Select(_ => AutoencoderBlock.PlainDown)],
            UpBlockTypes = [.. channels.Select(_ => AutoencoderBlock.PlainUp)],
            LayersPerBlock = layers,
            LatentChannels = latents,
            UseQuantConv = network.Find("quant_conv.weight") is not null,
            UsePostQuantConv = network.Find("post_quant_conv.weight") is not null,
            MidBlockAddAttention = network.Find("encoder.mid_block.attentions.0.to_q.weight") is not null,
        };
    }

    private static (IReadOnlyList<int> Channels, int Layers, int Latents) Shape(ITensorSource network)
    {
        int[] channels = [.. Widths(network, i => $"encoder.down_blocks.{i}.resnets.0.conv2.weight")];
        int layers = 0;
        while (network.Find($"encoder.down_blocks.0.resnets.{layers}.conv1.weight") is not null) layers++;
        return network.Find("decoder.conv_in.weight") is { Shape: [_, var latents, ..] } && channels.Length > 0
            ? (channels, layers, (int)latents)
            : throw new CheckpointException(network.Path, "its autoencoder lacks the tensors from which its configuration follows.");
    }

    /// <summary>Channels of the blocks from the highest resolution.</summary>
    private static IEnumerable<int> Widths(ITensorSource network, Func<int, string> name)
    {
        for (int i = 0; network.Find(name(i)) is { Shape: [var width, _, _, _] }; i++) yield return (int)width;
    }

    private static int Level(Match up) => int.Parse(up.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^decoder\.up\.([0-9]{1,3})\.")]
    private static partial Regex Up();
}
