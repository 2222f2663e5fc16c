using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// A published model: the shapes of its networks, with the names of original files, and how much of a generation is measured.
/// </summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Title">Name in tables.</param>
/// <param name="Transformer">Tensors of the transformer's file.</param>
/// <param name="Autoencoder">Makes the autoencoder, without values.</param>
/// <param name="Steps">Steps of the generation.</param>
internal sealed record QuantisedModel(
    string Name, string Title, IReadOnlyList<(string Name, long[] Shape)> Transformer, Func<nn.Module> Autoencoder, int Steps)
{
    /// <summary>Qwen3 4B, which both read.</summary>
    public static Qwen3Config TextEncoder { get; } = new()
    {
        HiddenSize = 2560, IntermediateSize = 9728, NumHiddenLayers = 36, NumAttentionHeads = 32, NumKeyValueHeads = 8,
    };

    private static AutoencoderKLConfig FluxAutoencoder { get; } = new()
    {
        DownBlockTypes = [.. Enumerable.Repeat("DownEncoderBlock2D", 4)], UpBlockTypes = [.. Enumerable.Repeat("UpDecoderBlock2D", 4)],
        BlockOutChannels = [128, 256, 512, 512], LayersPerBlock = 2, LatentChannels = 16, ScalingFactor = 0.3611, ShiftFactor = 0.1159,
        UseQuantConv = false, UsePostQuantConv = false,
    };

    /// <summary>The models.</summary>
    public static IReadOnlyList<QuantisedModel> All { get; } =
    [
        new("flux2-klein-4b", "FLUX.2 klein 4B", [.. Klein()], () => new AutoencoderKLFlux2Config().BuildUninitialized(), Steps: 4),
        // Nine steps in the published pipeline; each takes the same time.
        new("z-image", "Z-Image (6B)", [.. ZImage()], () => FluxAutoencoder.BuildUninitialized(), Steps: 3),
    ];

    private static IEnumerable<(string, long[])> Klein()
    {
        const long Width = 3072, Hidden = 3 * Width, Head = 128;
        yield return ("img_in.weight", [Width, 128]);
        yield return ("txt_in.weight", [Width, 7680]);
        yield return ("time_in.in_layer.weight", [Width, 256]);
        yield return ("time_in.out_layer.weight", [Width, Width]);
        yield return ("double_stream_modulation_img.lin.weight", [6 * Width, Width]);
        yield return ("double_stream_modulation_txt.lin.weight", [6 * Width, Width]);
        yield return ("single_stream_modulation.lin.weight", [3 * Width, Width]);
        yield return ("final_layer.adaLN_modulation.1.weight", [2 * Width, Width]);
        yield return ("final_layer.linear.weight", [128, Width]);
        foreach (string block in Enumerable.Range(0, 5).SelectMany(i => new[] { $"double_blocks.{i}.img", $"double_blocks.{i}.txt" }))
        {
            yield return ($"{block}_attn.qkv.weight", [3 * Width, Width]);
            yield return ($"{block}_attn.norm.query_norm.scale", [Head]);
            yield return ($"{block}_attn.norm.key_norm.scale", [Head]);
            yield return ($"{block}_attn.proj.weight", [Width, Width]);
            yield return ($"{block}_mlp.0.weight", [2 * Hidden, Width]);
            yield return ($"{block}_mlp.2.weight", [Width, Hidden]);
        }

        foreach (string block in Enumerable.Range(0, 20).Select(i => $"single_blocks.{i}"))
        {
            yield return ($"{block}.linear1.weight", [3 * Width + 2 * Hidden, Width]);
            yield return ($"{block}.linear2.weight", [Width, Width + Hidden]);
            yield return ($"{block}.norm.query_norm.scale", [Head]);
            yield return ($"{block}.norm.key_norm.scale", [Head]);
        }
    }

    private static IEnumerable<(string, long[])> ZImage()
    {
        const long Width = 3840, Hidden = 10240, Head = 128, Text = 2560, Condition = 256, Patch = 64;
        foreach ((string name, long outputs, long inputs) in ((string, long, long)[])
                 [
                     ("x_embedder", Width, Patch), ("cap_embedder.1", Width, Text), ("t_embedder.mlp.0", 1024, 256),
                     ("t_embedder.mlp.2", Condition, 1024), ("final_layer.linear", Patch, Width),
                     ("final_layer.adaLN_modulation.1", Width, Condition),
                 ])
        {
            yield return ($"{name}.weight", [outputs, inputs]);
            yield return ($"{name}.bias", [outputs]);
        }

        yield return ("cap_embedder.0.weight", [Text]);
        yield return ("x_pad_token", [1, Width]);
        yield return ("cap_pad_token", [1, Width]);
        foreach ((string blocks, int count) in new[] { ("noise_refiner", 2), ("context_refiner", 2), ("layers", 30) })
        {
            foreach (string block in Enumerable.Range(0, count).Select(i => $"{blocks}.{i}"))
            {
                yield return ($"{block}.attention.qkv.weight", [3 * Width, Width]);
                yield return ($"{block}.attention.out.weight", [Width, Width]);
                yield return ($"{block}.attention.q_norm.weight", [Head]);
                yield return ($"{block}.attention.k_norm.weight", [Head]);
                yield return ($"{block}.feed_forward.w1.weight", [Hidden, Width]);
                yield return ($"{block}.feed_forward.w2.weight", [Width, Hidden]);
                yield return ($"{block}.feed_forward.w3.weight", [Hidden, Width]);
                foreach (string norm in new[] { "attention_norm1", "attention_norm2", "ffn_norm1", "ffn_norm2" })
                    yield return ($"{block}.{norm}.weight", [Width]);
                if (blocks == "context_refiner") continue;
                yield return ($"{block}.adaLN_modulation.0.weight", [4 * Width, Condition]);
                yield return ($"{block}.adaLN_modulation.0.bias", [4 * Width]);
            }
        }
    }
}
