using System.Collections.Immutable;
using LatentDiffusion.Tests.Networks;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Autoencoders for small models of Stable Diffusion. Latents are half as large as images where nothing else is said.</summary>
internal static class AutoencoderFolders
{
    /// <param name="levels">Resolutions, each half as large as the one before.</param>
    public static AsymmetricAutoencoderKL Asymmetric(int levels = 2) => Filled(
        (AsymmetricAutoencoderTests.Config(levels) with { UpBlockOutChannels = Each(levels, i => Math.Min(8 << i, 16)) }).Build());

    /// <param name="levels">Resolutions, each half as large as the one before.</param>
    public static ConsistencyDecoderVAE Consistency(int levels = 2) => Filled((ConsistencyDecoderTests.Config with
    {
        EncoderBlockOutChannels = Each(levels, i => Math.Min(8 << i, 16)), DecoderBlockOutChannels = [8, 16],
        EncoderDownBlockTypes = Each(levels, _ => "DownEncoderBlock2D"),
        DecoderDownBlockTypes = ["ResnetDownsampleBlock2D", "ResnetDownsampleBlock2D"],
        DecoderUpBlockTypes = ["ResnetUpsampleBlock2D", "ResnetUpsampleBlock2D"],
    }).Build());

    /// <summary>A tiny autoencoder.</summary>
    /// <param name="channels">Latent channels.</param>
    /// <param name="stages">Resolutions.</param>
    /// <param name="pool">Whether it is of the kind for FLUX.2.</param>
    public static AutoencoderTiny Tiny(int channels = 4, int stages = 2, bool pool = false) => Filled(new AutoencoderTinyConfig
    {
        EncoderBlockOutChannels = [.. Enumerable.Repeat(8, stages)], DecoderBlockOutChannels = [.. Enumerable.Repeat(8, stages)],
        NumEncoderBlocks = [1, .. Enumerable.Repeat(2, stages - 1)], NumDecoderBlocks = [.. Enumerable.Repeat(2, stages - 1), 1],
        LatentChannels = channels, UseMidblockGn = pool,
    }.Build());

    /// <summary>
    /// Writes the halves as they are published: layers by their index, of the decoder counted from its bounding of latents.
    /// </summary>
    public static void WriteHalves(AutoencoderTiny network, string encoder, string decoder)
    {
        Dictionary<string, Tensor> state = network.state_dict();
        SafetensorsWriter.Write(encoder, Half("encoder.layers.", 0));
        SafetensorsWriter.Write(decoder, Half("decoder.layers.", 1));

        IEnumerable<(string, Tensor)> Half(string prefix, int offset) =>
            from tensor in state
            where tensor.Key.StartsWith(prefix, StringComparison.Ordinal)
            let name = tensor.Key[prefix.Length..]
            let index = name.Split('.')[0]
            select ($"{int.Parse(index) + offset}{name[index.Length..]}", tensor.Value);
    }

    private static ImmutableArray<T> Each<T>(int levels, Func<int, T> value) => [.. Enumerable.Range(0, levels).Select(value)];

    private static T Filled<T>(T network) where T : nn.Module
    {
        FormulaWeights.Fill(network);
        network.eval();
        return network;
    }
}
