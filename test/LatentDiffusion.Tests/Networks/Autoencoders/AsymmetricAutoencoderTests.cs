using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>The autoencoder whose decoder reads the masked image, against the published arithmetic by libtorch's functions.</summary>
public sealed class AsymmetricAutoencoderTests
{
    private const int Groups = 4;
    private const double Tolerance = 1e-4;

    private static readonly string s_published = """
        {
          "_class_name": "AsymmetricAutoencoderKL", "_diffusers_version": "0.19.0.dev0", "act_fn": "silu",
          "block_out_channels": CHANNELS, "down_block_out_channels": [128, 256, 512, 512],
          "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
          "force_upcast": false, "in_channels": 3, "latent_channels": 4, "layers_per_down_block": 2, "layers_per_up_block": LAYERS,
          "norm_num_groups": 32, "out_channels": 3, "sample_size": 256, "scaling_factor": 0.18215, "up_block_out_channels": CHANNELS,
          "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]
        }
        """;

    [Theory]
    [InlineData("[192, 384, 768, 768]", 3)]
    [InlineData("[256, 512, 1024, 1024]", 5)]
    public void Parameters_are_the_published_ones(string channels, int layers)
    {
        var config = AsymmetricAutoencoderKLConfig.FromJson(
            s_published.Replace("CHANNELS", channels, StringComparison.Ordinal).Replace("LAYERS", $"{layers}", StringComparison.Ordinal));
        Assert.Empty(config.IgnoredOptions);
        using AsymmetricAutoencoderKL network = config.BuildUninitialized(META);
        int[] widths = JsonNode.Parse(channels)!.AsArray().GetValues<int>().ToArray();
        // The encoder is that of Stable Diffusion.
        JsonObject keys = ReferenceFiles.Read("stable-diffusion-keys.json")["sd.vae"]!["keys"]!.AsObject();
        foreach (string name in keys.Select(k => k.Key).Where(k => k.StartsWith("decoder.", StringComparison.Ordinal)).ToArray())
            keys.Remove(name);
        Decoder(keys, widths, layers + 1);
        ReferenceFiles.AssertKeys(network, keys);
    }

    [Fact]
    public void Latents_and_pixels_are_the_published_ones()
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using AsymmetricAutoencoderKL network = Make();
        var plain = new PlainLayers(network);
        Tensor images = FormulaWeights.Input("image", [2, 3, 16, 24], clamp: 1), latents = FormulaWeights.Input("latents", [2, 4, 4, 6]);
        (Tensor mean, Tensor logVariance) = network.Encode(images);
        Tensor[] moments = plain.Moments(images, 3, 1, Groups).chunk(2, 1);
        AssertClose(moments[0], mean);
        AssertClose(moments[1].clamp(-30, 20), logVariance);
        AssertClose(Decoded(plain, latents, null, null), network.Decode(latents));

        // A mask whose edges are not those of latent pixels, of one image for both.
        Tensor mask = (FormulaWeights.Input("mask", [1, 1, 16, 24]) > 0).to(ScalarType.Float32);
        AssertClose(Decoded(plain, latents, images, mask), network.Decode(latents, images, mask));
        Tensor grey = FormulaWeights.Input("grey", [2, 1, 16, 24]).abs().clamp(0, 1);
        AssertClose(Decoded(plain, latents, images, grey), network.Decode(latents, images, grey));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(4)]
    public void Any_depth_reads_the_masked_image(int levels)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        int[] channels = [.. Enumerable.Range(0, levels).Select(i => Math.Min(8 << i, 32))];
        using AsymmetricAutoencoderKL network = Filled(Config(levels) with { UpBlockOutChannels = [.. channels] });
        var plain = new PlainLayers(network);
        Tensor latents = FormulaWeights.Input("latents", [1, 4, 2, 4]);
        long factor = 1 << (levels - 1);
        Tensor image = FormulaWeights.Input("image", [1, 3, 2 * factor, 4 * factor], clamp: 1);
        Tensor mask = (FormulaWeights.Input("mask", [1, 1, 2 * factor, 4 * factor]) > 0).to(ScalarType.Float32);
        AssertClose(Decoded(plain, latents, image, mask), network.Decode(latents, image, mask));
    }

    [Fact]
    public void The_inference_form_gives_the_values_of_the_plain_one()
    {
        Assert.SkipUnless(CpuOperators.IsAvailable, "This libtorch has no operators for packed weights.");
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using AsymmetricAutoencoderKL network = Make();
        Tensor image = FormulaWeights.Input("image", [1, 3, 16, 24], clamp: 1), latents = FormulaWeights.Input("latents", [1, 4, 4, 6]);
        Tensor mask = (FormulaWeights.Input("mask", [1, 1, 16, 24]) > 0).to(ScalarType.Float32);
        network.train();
        Tensor plain = network.Decode(latents, image, mask);
        network.eval();
        Tensor packed = network.Decode(latents, image, mask);
        Assert.True(network.modules().OfType<PackedLayer>().First().Network!.IsInferenceForm);
        AssertClose(plain, packed);
        Assert.True(packed.Equals(network.Decode(latents, image, mask)));
    }

    [Fact]
    public void A_masked_image_of_another_size_is_refused()
    {
        using AsymmetricAutoencoderKL network = Make();
        using DisposeScope scope = NewDisposeScope();
        Tensor latents = zeros(1, 4, 4, 6), image = zeros(1, 3, 16, 24), mask = zeros(1, 1, 16, 24);
        Assert.Contains(
            "Mask is [1, 1, 4, 6]; expected [1 or 1, 1, 16, 24]",
            Assert.Throws<ArgumentException>(() => network.Decode(latents, image, zeros(1, 1, 4, 6))).Message, StringComparison.Ordinal);
        Assert.Contains(
            "Image is [2, 3, 16, 24]",
            Assert.Throws<ArgumentException>(() => network.Decode(latents, zeros(2, 3, 16, 24), mask)).Message, StringComparison.Ordinal);
        Assert.Equal([1, 3, 16, 24], network.Decode(latents, image, mask).shape);
    }

    [Theory]
    [InlineData("\"up_block_out_channels\": [192, 384, 640, 768]", "each twice the one before")]
    [InlineData("\"up_block_out_channels\": [192, 384]", "up_block_types")]
    [InlineData("\"layers_per_up_block\": 0", "layers_per_up_block")]
    [InlineData("\"out_channels\": 4", "out_channels")]
    [InlineData("\"up_block_types\": [\"A\", \"UpDecoderBlock2D\", \"UpDecoderBlock2D\", \"UpDecoderBlock2D\"]", "'A' is not known")]
    [InlineData("\"norm_num_groups\": 5", "norm_num_groups")]
    public void Configurations_that_cannot_be_built_are_refused(string option, string expected)
    {
        JsonObject json = JsonNode.Parse(s_published
            .Replace("CHANNELS", "[192, 384, 768, 768]", StringComparison.Ordinal).Replace("LAYERS", "3", StringComparison.Ordinal))!
            .AsObject();
        foreach ((string name, JsonNode? value) in JsonNode.Parse($"{{{option}}}")!.AsObject()) json[name] = value?.DeepClone();
        var error = Assert.ThrowsAny<Exception>(
            () => AsymmetricAutoencoderKLConfig.FromJson(json.ToJsonString()).BuildUninitialized(META).Dispose());
        Assert.True(error is InvalidDataException or NotSupportedException, $"{error}");
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    internal static AsymmetricAutoencoderKLConfig Config(int levels) => new()
    {
        DownBlockTypes = [.. Enumerable.Repeat("DownEncoderBlock2D", levels)],
        UpBlockTypes = [.. Enumerable.Repeat("UpDecoderBlock2D", levels)],
        DownBlockOutChannels = [.. Enumerable.Repeat(8, levels)], UpBlockOutChannels = [.. Enumerable.Repeat(8, levels)],
        LayersPerUpBlock = 1, NormNumGroups = Groups,
    };

    internal static AsymmetricAutoencoderKL Make() => Filled(Config(3) with { UpBlockOutChannels = [8, 16, 24], LayersPerUpBlock = 2 });

    private static AsymmetricAutoencoderKL Filled(AsymmetricAutoencoderKLConfig config)
    {
        AsymmetricAutoencoderKL network = config.Build();
        FormulaWeights.Fill(network);
        network.eval();
        return network;
    }

    /// <summary>
    /// The published decoder: where the mask is 0, features of the visible image replace its own, before each block and last.
    /// </summary>
    private static Tensor Decoded(PlainLayers plain, Tensor z, Tensor? image, Tensor? mask)
    {
        int blocks = 0;
        while (plain.Has($"decoder.up_blocks.{blocks}.resnets.0.conv1.weight")) blocks++;
        var features = new Dictionary<string, Tensor>();
        if (image is not null)
        {
            Tensor seen = image * (1 - mask!);
            for (int i = 0; i <= blocks; i++)
            {
                seen = plain.Conv($"decoder.condition_encoder.layers.{i}", i == 0 ? seen : seen.relu(), stride: i < 2 ? 1 : 2);
                features[string.Join(",", seen.shape[1..])] = seen;
            }
        }

        Tensor x = plain.Middle("decoder.mid_block", plain.Conv("decoder.conv_in", plain.Conv("post_quant_conv", z, padding: 0)), Groups);
        for (int block = 0; block < blocks; block++)
        {
            x = Masked(x);
            for (int i = 0; plain.Has($"decoder.up_blocks.{block}.resnets.{i}.conv1.weight"); i++)
                x = plain.Resnet($"decoder.up_blocks.{block}.resnets.{i}", x, Groups);
            if (block < blocks - 1) x = plain.Conv($"decoder.up_blocks.{block}.upsamplers.0.conv", PlainLayers.Doubled(x));
        }

        return plain.Conv("decoder.conv_out", PlainLayers.Silu(plain.Norm("decoder.conv_norm_out", Masked(x), Groups, 1e-6)));

        Tensor Masked(Tensor own)
        {
            if (mask is null) return own;
            // The nearest pixel: the upper left of each square.
            long step = mask.shape[2] / own.shape[2];
            Tensor repainted = mask.slice(2, 0, mask.shape[2], step).slice(3, 0, mask.shape[3], step);
            return own * repainted + features[string.Join(",", own.shape[1..])] * (1 - repainted);
        }
    }

    /// <summary>Adds the decoder's parameters, from the published description of its layers.</summary>
    private static void Decoder(JsonObject keys, int[] widths, int resnets)
    {
        int low = widths[^1];
        Add("conv_in", low, 4, 3, 3);
        Resnet("mid_block.resnets.0", low, low);
        foreach (string part in (string[])["to_q", "to_k", "to_v", "to_out.0"]) Add($"mid_block.attentions.0.{part}", low, low);
        Add("mid_block.attentions.0.group_norm", low);
        Resnet("mid_block.resnets.1", low, low);
        int before = low;
        for (int block = 0; block < 4; block++)
        {
            int width = widths[3 - block];
            for (int i = 0; i < resnets; i++) Resnet($"up_blocks.{block}.resnets.{i}", i == 0 ? before : width, width);
            if (block < 3) Add($"up_blocks.{block}.upsamplers.0.conv", width, width, 3, 3);
            before = width;
        }

        Add("conv_norm_out", widths[0]);
        Add("conv_out", 3, widths[0], 3, 3);
        Add("condition_encoder.layers.0", widths[0], 3, 3, 3);
        Add("condition_encoder.layers.1", 2 * widths[0], widths[0], 3, 3);
        Add("condition_encoder.layers.2", low, 2 * widths[0], 4, 4);
        Add("condition_encoder.layers.3", low, low, 4, 4);
        Add("condition_encoder.layers.4", low, low, 4, 4);

        void Resnet(string name, int input, int output)
        {
            Add($"{name}.norm1", input);
            Add($"{name}.conv1", output, input, 3, 3);
            Add($"{name}.norm2", output);
            Add($"{name}.conv2", output, output, 3, 3);
            if (input != output) Add($"{name}.conv_shortcut", output, input, 1, 1);
        }

        void Add(string name, params int[] shape)
        {
            keys[$"decoder.{name}.weight"] = new JsonArray([.. shape.Select(n => (JsonNode)n)]);
            keys[$"decoder.{name}.bias"] = new JsonArray(shape[0]);
        }
    }

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, Tolerance);
        Assert.InRange(expected.std().item<float>(), 0.01, 100);
    }
}
