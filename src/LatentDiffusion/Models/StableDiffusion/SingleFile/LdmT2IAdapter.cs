using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Models;

/// <summary>
/// A T2I-Adapter in one file: with the original names (Mou et al. 2023), in which all residual blocks of a full adapter stand in one row,
/// or with those of diffusers.
/// </summary>
internal static partial class LdmT2IAdapter
{
    private const string Prefix = "adapter.", Body = Prefix + "body.", ConvIn = Prefix + "conv_in.weight";

    /// <summary>Feature maps of every adapter that was published with the original names.</summary>
    private const int Resolutions = 4;

    /// <summary>Size of the squares of the adapters of SDXL, by which they are known: their tensors are those of full adapters.</summary>
    private const int DownscaleFactorOfXL = 16;

    /// <summary>The network's tensors. A name that is not known stays as it is, for loading to report.</summary>
    /// <param name="file">Path of the file, for messages.</param>
    /// <param name="stored">The file's tensors by their names.</param>
    /// <exception cref="CheckpointException">The blocks of a full adapter cannot be divided among the resolutions.</exception>
    public static IEnumerable<MappedTensor> Tensors(string file, Dictionary<string, TensorEntry> stored)
    {
        string prefix = stored.Keys.All(name => name.StartsWith(Prefix, StringComparison.Ordinal)) ? Prefix : "";
        bool named = stored.Keys.Any(name => name.Contains(".resnets.", StringComparison.Ordinal));
        int blocks = named || stored.ContainsKey($"{prefix}body.0.out_conv.weight")
            ? 0
            : stored.Keys.Max(name => Index(name[prefix.Length..]) + 1) ?? 0;
        if (blocks % Resolutions != 0)
            throw new CheckpointException(file, $"it has {blocks} residual blocks; expected equally many at each of 4 resolutions.");
        return stored.Select(tensor => new MappedTensor(
            Prefix + (named ? tensor.Key[prefix.Length..] : Ours(tensor.Key[prefix.Length..], blocks / Resolutions)), tensor.Value));
    }

    /// <summary>The configuration, from the shapes of the tensors.</summary>
    /// <param name="network">The tensors under our names.</param>
    public static T2IAdapterConfig Infer(ITensorSource network)
    {
        bool light = network.Find(ConvIn) is null;
        string first = light ? Body + "0.in_conv.weight" : ConvIn;
        if (network.Find(first) is not { Shape: [_, var inputs, ..] })
            throw new CheckpointException(network.Path, "it lacks the first convolution of a T2I-Adapter, which shows its input channels.");
        int[] channels = [.. Outputs(network, light ? Body + "{0}.out_conv.weight" : Body + "{0}.resnets.0.block1.weight")];
        (int inChannels, int factor) = Squares(inputs) ?? throw new CheckpointException(
            network.Path, $"its first convolution has {inputs} input channels; expected n² (greyscale) or 3·n² (RGB).");
        return new T2IAdapterConfig
        {
            InChannels = inChannels, DownscaleFactor = factor, Channels = [.. light ? channels.SkipLast(1) : channels],
            NumResBlocks = Math.Max(Outputs(network, Body + "0.resnets.{0}.block1.weight").Count(), 1),
            AdapterType = light ? T2IAdapterConfig.Light : factor == DownscaleFactorOfXL ? T2IAdapterConfig.FullXL : T2IAdapterConfig.Full,
        };
    }

    /// <summary>Channels and side of the squares that a number of channels consists of; no number is both n² and 3·m².</summary>
    private static (int Channels, int Side)? Squares(long inputs)
    {
        foreach (int channels in new[] { 1, 3 })
        {
            int side = (int)Math.Sqrt(inputs / channels);
            if (side > 0 && (long)channels * side * side == inputs) return (channels, side);
        }

        return null;
    }

    private static IEnumerable<int> Outputs(ITensorSource network, string format)
    {
        for (int i = 0; network.Find(string.Format(CultureInfo.InvariantCulture, format, i)) is { Shape: [var outputs, ..] }; i++)
            yield return (int)Math.Min(outputs, int.MaxValue);
    }

    /// <param name="name">The original name.</param>
    /// <param name="perResolution">Residual blocks of each resolution; 0 for a light adapter.</param>
    private static string Ours(string name, int perResolution)
    {
        if (perResolution == 0) return LightResnet().Replace(name, "$1resnets.");
        if (Index(name) is not { } index) return name;
        string rest = name[(name.IndexOf('.', "body.".Length) + 1)..];
        (int block, int resnet) = (index / perResolution, index % perResolution);
        return rest.StartsWith("in_conv.", StringComparison.Ordinal) && resnet == 0
            ? $"body.{block}.{rest}"
            : $"body.{block}.resnets.{resnet}.{rest}";
    }

    private static int? Index(string name) =>
        Block().Match(name) is { Success: true } match
        && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : null;

    [GeneratedRegex(@"^body\.(\d{1,6})\.")]
    private static partial Regex Block();

    [GeneratedRegex(@"^(body\.\d+\.)body\.")]
    private static partial Regex LightResnet();
}
