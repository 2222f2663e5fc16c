using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Models;

/// <summary>Names and configuration of the autoencoder in a single file, as the original code of latent diffusion (LDM) wrote it.</summary>
internal static partial class LdmAutoencoder
{
    /// <summary>Scaling factor of Stable Diffusion 1 and 2, and of SDXL.</summary>
    public const double Scaling = 0.18215, ScalingXL = 0.13025;

    /// <summary>The stored tensors under the names of the network's parameters.</summary>
    /// <param name="stored">The autoencoder's tensors, by their names without the prefix.</param>
    public static IEnumerable<MappedTensor> Tensors(Dictionary<string, TensorEntry> stored)
    {
        int last = stored.Keys.Select(name => Up().Match(name)).Where(m => m.Success).Select(m => Level(m)).DefaultIfEmpty(0).Max();
        foreach ((string name, TensorEntry entry) in stored)
        {
            string parameter = Up().Replace(name, m => $"decoder.up.{last - Level(m)}.");
            foreach ((Regex ldm, string replacement) in LdmNames.AutoencoderParts) parameter = ldm.Replace(parameter, replacement);
            parameter = DiffusersNames.CurrentName(parameter);
            bool projection = parameter.Contains(".attentions.") && parameter.EndsWith(".weight", StringComparison.Ordinal);
            yield return new MappedTensor(parameter, entry, projection ? TensorView.Matrix : TensorView.Same);
        }
    }

    /// <summary>The configuration that follows from the tensors' shapes.</summary>
    /// <param name="network">The tensors, named as by <see cref="Tensors"/>.</param>
    /// <param name="xl">Whether it is SDXL's, which has the same shapes.</param>
    public static AutoencoderKLConfig Infer(ITensorSource network, bool xl)
    {
        var channels = new List<int>();
        while (network.Find($"encoder.down_blocks.{channels.Count}.resnets.0.conv2.weight") is { Shape: [var width, _, _, _] })
            channels.Add((int)width);
        int layers = 0;
        while (network.Find($"encoder.down_blocks.0.resnets.{layers}.conv1.weight") is not null) layers++;
        if (network.Find("decoder.conv_in.weight") is not { Shape: [_, var latents, ..] } || channels.Count == 0)
            throw new CheckpointException(network.Path, "its autoencoder lacks the tensors from which its configuration follows.");
        return new AutoencoderKLConfig
        {
            BlockOutChannels = [.. channels],
            DownBlockTypes = [.. channels.Select(_ => AutoencoderBlock.PlainDown)],
            UpBlockTypes = [.. channels.Select(_ => AutoencoderBlock.PlainUp)],
            LayersPerBlock = layers,
            LatentChannels = (int)latents,
            UseQuantConv = network.Find("quant_conv.weight") is not null,
            UsePostQuantConv = network.Find("post_quant_conv.weight") is not null,
            MidBlockAddAttention = network.Find("encoder.mid_block.attentions.0.to_q.weight") is not null,
            SampleSize = xl ? 1024 : 512,
            ScalingFactor = xl ? ScalingXL : Scaling,
        };
    }

    private static int Level(Match up) => int.Parse(up.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^decoder\.up\.([0-9]{1,3})\.")]
    private static partial Regex Up();
}
