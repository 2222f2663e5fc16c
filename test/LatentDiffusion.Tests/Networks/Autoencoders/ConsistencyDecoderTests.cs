using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>The autoencoder whose decoder samples the image, against the published arithmetic by libtorch's functions.</summary>
public sealed class ConsistencyDecoderTests
{
    private const int Groups = 4;
    private const double Tolerance = 1e-4;

    // As published: openai/consistency-decoder.
    private static readonly string s_published = """
        {
          "_class_name": "ConsistencyDecoderVAE", "_diffusers_version": "0.24.0.dev0", "block_out_channels": [128, 256, 512, 512],
          "decoder_add_attention": false, "decoder_block_out_channels": [320, 640, 1024, 1024],
          "decoder_down_block_types": [
            "ResnetDownsampleBlock2D", "ResnetDownsampleBlock2D", "ResnetDownsampleBlock2D", "ResnetDownsampleBlock2D"],
          "decoder_downsample_padding": 1, "decoder_in_channels": 7, "decoder_layers_per_block": 3, "decoder_norm_eps": 1e-05,
          "decoder_norm_num_groups": 32, "decoder_num_train_timesteps": 1024, "decoder_out_channels": 6,
          "decoder_resnet_time_scale_shift": "scale_shift", "decoder_time_embedding_type": "learned",
          "decoder_up_block_types": [
            "ResnetUpsampleBlock2D", "ResnetUpsampleBlock2D", "ResnetUpsampleBlock2D", "ResnetUpsampleBlock2D"],
          "encoder_act_fn": "silu", "encoder_block_out_channels": [128, 256, 512, 512], "encoder_double_z": true,
          "encoder_down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
          "encoder_in_channels": 3, "encoder_layers_per_block": 2, "encoder_norm_num_groups": 32, "encoder_out_channels": 4,
          "force_upcast": false, "latent_channels": 4, "sample_size": 32, "scaling_factor": 0.18215
        }
        """;

    internal static ConsistencyDecoderVAEConfig Config { get; } = new()
    {
        EncoderBlockOutChannels = [8, 16, 16], EncoderLayersPerBlock = 1, EncoderNormNumGroups = Groups,
        EncoderDownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
        DecoderBlockOutChannels = [8, 16, 24], DecoderLayersPerBlock = 2, DecoderNormNumGroups = Groups,
        DecoderDownBlockTypes = ["ResnetDownsampleBlock2D", "ResnetDownsampleBlock2D", "ResnetDownsampleBlock2D"],
        DecoderUpBlockTypes = ["ResnetUpsampleBlock2D", "ResnetUpsampleBlock2D", "ResnetUpsampleBlock2D"],
    };

    [Fact]
    public void Parameters_are_the_published_ones()
    {
        var config = ConsistencyDecoderVAEConfig.FromJson(s_published);
        Assert.Empty(config.IgnoredOptions);
        // The defaults are those of the published model.
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse((new ConsistencyDecoderVAEConfig() with { BlockOutChannels = [128, 256, 512, 512] }).ToJson()),
            Without(s_published, "_class_name", "_diffusers_version")));
        using ConsistencyDecoderVAE network = config.BuildUninitialized(META);
        JsonObject keys = ReferenceFiles.Read("stable-diffusion-keys.json")["sd.vae"]!["keys"]!.AsObject();
        string[] other = [.. keys.Select(k => k.Key).Where(name => !name.StartsWith("encoder.", StringComparison.Ordinal)
            && !name.StartsWith("quant_conv.", StringComparison.Ordinal))];
        foreach (string name in other) keys.Remove(name);
        Decoder(keys);
        ReferenceFiles.AssertKeys(network, keys);
        // Published as a file of 2.49 GB in single precision.
        long bytes = network.state_dict().Where(p => p.Key.StartsWith("decoder_unet.", StringComparison.Ordinal))
            .Sum(p => 4 * p.Value.shape.Aggregate(1L, (product, n) => product * n));
        Assert.InRange(bytes, 2.485e9, 2.495e9);
    }

    [Theory, InlineData("scale_shift"), InlineData("default")]
    public void Latents_and_pixels_are_the_published_ones(string timeNorm)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using ConsistencyDecoderVAE network = Make(timeNorm);
        var plain = new PlainLayers(network);
        Tensor images = FormulaWeights.Input("image", [2, 3, 16, 24], clamp: 1), z = FormulaWeights.Input("latents", [2, 4, 4, 6]) * 5;
        (Tensor mean, Tensor logVariance) = network.Encode(images);
        Tensor[] moments = plain.Moments(images, 3, 1, Groups).chunk(2, 1);
        AssertClose(moments[0], mean);
        AssertClose(moments[1].clamp(-30, 20), logVariance);

        ulong[] seeds = [3, 11];
        Generator[] generators = [.. seeds.Select(seed => new Generator(seed))];
        Tensor expected = Sampled(plain, z, () => cat([.. generators.Select(g => randn([1, 3, 16, 24], generator: g))]), timeNorm);
        GeneratorNoise[] noise = [.. seeds.Select(seed => new GeneratorNoise(seed))];
        AssertClose(expected, network.Decode(z, noise));
        foreach (GeneratorNoise one in noise) one.Dispose();
        foreach (Generator one in generators) one.Dispose();
    }

    [Fact]
    public void Each_image_of_a_batch_has_its_own_noise()
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using ConsistencyDecoderVAE network = Make();
        Tensor z = FormulaWeights.Input("latents", [1, 4, 4, 4]).expand(2, -1, -1, -1);
        using GeneratorNoise one = new(1), two = new(2), again = new(2);
        Tensor both = network.Decode(z, [one, two]), single = network.Decode(z.narrow(0, 0, 1), [again]);
        AssertClose(single, both.narrow(0, 1, 1));
        Assert.InRange((both[0] - both[1]).abs().mean().item<float>(), 1e-3, 10);
        // Without noise, the seed 0 for each.
        using GeneratorNoise zero = new(0);
        Tensor fixedNoise = network.Decode(z);
        Assert.True(fixedNoise[0].Equals(fixedNoise[1]));
        AssertClose(network.Decode(z.narrow(0, 0, 1), [zero]), fixedNoise.narrow(0, 0, 1));
        Assert.Contains(
            "1 noise sources for 2 images", Assert.Throws<ArgumentException>(() => network.Decode(z, [zero])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_inference_form_gives_the_values_of_the_plain_one()
    {
        Assert.SkipUnless(CpuOperators.IsAvailable, "This libtorch has no operators for packed weights.");
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using ConsistencyDecoderVAE network = Make();
        Tensor z = FormulaWeights.Input("latents", [2, 4, 4, 6]);
        network.train();
        Tensor plain = network.Decode(z);
        network.eval();
        Tensor packed = network.Decode(z);
        Assert.True(network.modules().OfType<PackedLayer>().First().Network!.IsInferenceForm);
        AssertClose(plain, packed);
        Assert.True(packed.Equals(network.Decode(z)));
    }

    [Fact]
    public void Cancellation_is_checked_between_evaluations()
    {
        using ConsistencyDecoderVAE network = Make();
        using DisposeScope scope = NewDisposeScope();
        using var cancellation = new CancellationTokenSource();
        var noise = new Counted(cancellation);
        using var autoencoder = new LatentAutoencoder(network);
        Assert.Throws<OperationCanceledException>(
            () => autoencoder.Decode(zeros(1, 4, 4, 4), new DecodingContext { Noise = [noise] }, cancellation.Token));
        Assert.Equal(1, noise.Draws);
    }

    [Theory]
    [InlineData("\"decoder_add_attention\": true", "decoder_add_attention")]
    [InlineData("\"decoder_time_embedding_type\": \"positional\"", "'positional' is not known")]
    [InlineData("\"decoder_resnet_time_scale_shift\": \"spatial\"", "'spatial' is not known")]
    [InlineData("\"latent_channels\": 16", "latent_channels is 16")]
    [InlineData("\"decoder_in_channels\": 8", "decoder_in_channels is 8")]
    [InlineData("\"decoder_num_train_timesteps\": 1000", "decoder_num_train_timesteps is 1000")]
    [InlineData("\"encoder_double_z\": false", "encoder_double_z")]
    [InlineData("\"encoder_norm_num_groups\": 7", "encoder_norm_num_groups")]
    [InlineData("\"decoder_block_out_channels\": [320, 640]", "decoder_block_out_channels lists 2")]
    public void Configurations_that_cannot_be_built_are_refused(string option, string expected)
    {
        JsonObject json = JsonNode.Parse(s_published)!.AsObject();
        foreach ((string name, JsonNode? value) in JsonNode.Parse($"{{{option}}}")!.AsObject()) json[name] = value?.DeepClone();
        var error = Assert.ThrowsAny<Exception>(
            () => ConsistencyDecoderVAEConfig.FromJson(json.ToJsonString()).BuildUninitialized(META).Dispose());
        Assert.True(error is InvalidDataException or NotSupportedException, $"{error}");
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    internal static ConsistencyDecoderVAE Make(string timeNorm = "scale_shift")
    {
        ConsistencyDecoderVAE network = (Config with { DecoderResnetTimeScaleShift = timeNorm }).Build();
        FormulaWeights.Fill(network);
        network.eval();
        return network;
    }

    /// <summary>Two steps at timesteps 1008 and 512 with the published coefficients.</summary>
    private static Tensor Sampled(PlainLayers plain, Tensor z, Func<Tensor> noise, string timeNorm)
    {
        double[] means = [0.38862467, 0.02253063, 0.07381133, -0.0171294], deviations = [0.9654121, 1.0440036, 0.76147926, 0.77022034];
        Tensor latents = (z * 0.18215 - tensor(means, dtype: ScalarType.Float32).view(1, 4, 1, 1))
            / tensor(deviations, dtype: ScalarType.Float32).view(1, 4, 1, 1);
        latents = latents.repeat_interleave(4, 2).repeat_interleave(4, 3);
        Tensor x = noise() * Math.Sqrt(1 - AlphaBar(1008));
        x = Clean(x, 1008);
        x = x * Math.Sqrt(AlphaBar(512)) + noise() * Math.Sqrt(1 - AlphaBar(512));
        return Clean(x, 512);

        Tensor Clean(Tensor noisy, int t)
        {
            double alphaBar = AlphaBar(t), variance = 1 / alphaBar - 1 + 0.25;
            Tensor input = noisy * (Math.Sqrt(1 / alphaBar) / Math.Sqrt(variance));
            Tensor output = UNet(plain, cat([input, latents], 1), t, timeNorm).slice(1, 0, 3, 1);
            return output * (Math.Sqrt(1 / alphaBar - 1) * 0.5 / Math.Sqrt(variance)) + noisy * (Math.Sqrt(1 / alphaBar) * 0.25 / variance);
        }
    }

    /// <summary>ᾱ of the cosine schedule of 1024 steps: the product of 1 − β with β of at most 0.999.</summary>
    private static double AlphaBar(int t)
    {
        double product = 1;
        for (int i = 0; i <= t; i++) product *= 1 - Math.Min(1 - At(i + 1) / At(i), 0.999);
        return product;

        static double At(int i) => Math.Pow(Math.Cos((i / 1024.0 + 0.008) / 1.008 * Math.PI / 2), 2);
    }

    private static Tensor UNet(PlainLayers plain, Tensor x, int timestep, string timeNorm)
    {
        const string Root = "decoder_unet.";
        Tensor time = plain.Weight(Root + "time_proj.weight")[timestep].unsqueeze(0);
        time = plain.Linear(Root + "time_embedding.linear_2", PlainLayers.Silu(plain.Linear(Root + "time_embedding.linear_1", time)));
        x = plain.Conv(Root + "conv_in", x);
        var skips = new Stack<Tensor>([x]);
        for (int level = 0; level < 3; level++)
        {
            for (int i = 0; i < 2; i++) skips.Push(x = Block($"{Root}down_blocks.{level}.resnets.{i}", x));
            if (level < 2) skips.Push(x = Block($"{Root}down_blocks.{level}.downsamplers.0", x, Halved));
        }

        x = Block(Root + "mid_block.resnets.1", Block(Root + "mid_block.resnets.0", x));
        for (int level = 0; level < 3; level++)
        {
            for (int i = 0; i < 3; i++) x = Block($"{Root}up_blocks.{level}.resnets.{i}", cat([x, skips.Pop()], 1));
            if (level < 2) x = Block($"{Root}up_blocks.{level}.upsamplers.0", x, PlainLayers.Doubled);
        }

        return plain.Conv(Root + "conv_out", PlainLayers.Silu(plain.Norm(Root + "conv_norm_out", x, Groups, 1e-5)));

        Tensor Block(string name, Tensor input, Func<Tensor, Tensor>? resize = null)
        {
            resize ??= unchanged => unchanged;
            Tensor hidden = resize(PlainLayers.Silu(plain.Norm(name + ".norm1", input, Groups, 1e-5)));
            hidden = plain.Conv(name + ".conv1", hidden);
            Tensor signal = plain.Linear(name + ".time_emb_proj", PlainLayers.Silu(time)).unsqueeze(-1).unsqueeze(-1);
            if (timeNorm == "default") hidden = plain.Norm(name + ".norm2", hidden + signal, Groups, 1e-5);
            else
            {
                Tensor[] parts = signal.chunk(2, 1);
                hidden = plain.Norm(name + ".norm2", hidden, Groups, 1e-5) * (1 + parts[0]) + parts[1];
            }

            hidden = plain.Conv(name + ".conv2", PlainLayers.Silu(hidden));
            Tensor around = resize(input);
            return hidden + (plain.Has(name + ".conv_shortcut.weight") ? plain.Conv(name + ".conv_shortcut", around, padding: 0) : around);
        }

        static Tensor Halved(Tensor map) => nn.functional.avg_pool2d(map, 2);
    }

    /// <summary>Adds the decoder's parameters: channels of each block as the original code lists them.</summary>
    private static void Decoder(JsonObject keys)
    {
        int[][] down = [[320, 320, 320], [320, 640, 640], [640, 1024, 1024], [1024, 1024, 1024]];
        int[][] up = [[2048, 2048, 2048, 2048], [2048, 2048, 2048, 1664], [1664, 1280, 1280, 960], [960, 640, 640, 640]];
        int[] widths = [320, 640, 1024, 1024], upWidths = [1024, 1024, 640, 320];
        Add("conv_in", 320, 7, 3, 3);
        keys["decoder_unet.time_proj.weight"] = new JsonArray(1024, 320);
        Add("time_embedding.linear_1", 1280, 320);
        Add("time_embedding.linear_2", 1280, 1280);
        for (int level = 0; level < 4; level++)
        {
            foreach ((int i, int input) in down[level].Index()) Resnet($"down_blocks.{level}.resnets.{i}", input, widths[level]);
            if (level < 3) Resnet($"down_blocks.{level}.downsamplers.0", widths[level], widths[level]);
            foreach ((int i, int input) in up[level].Index()) Resnet($"up_blocks.{level}.resnets.{i}", input, upWidths[level]);
            if (level < 3) Resnet($"up_blocks.{level}.upsamplers.0", upWidths[level], upWidths[level]);
        }

        Resnet("mid_block.resnets.0", 1024, 1024);
        Resnet("mid_block.resnets.1", 1024, 1024);
        Add("conv_norm_out", 320);
        Add("conv_out", 6, 320, 3, 3);

        void Resnet(string name, int input, int output)
        {
            Add($"{name}.norm1", input);
            Add($"{name}.conv1", output, input, 3, 3);
            Add($"{name}.time_emb_proj", 2 * output, 1280);
            Add($"{name}.norm2", output);
            Add($"{name}.conv2", output, output, 3, 3);
            if (input != output) Add($"{name}.conv_shortcut", output, input, 1, 1);
        }

        void Add(string name, params int[] shape)
        {
            keys[$"decoder_unet.{name}.weight"] = new JsonArray([.. shape.Select(n => (JsonNode)n)]);
            keys[$"decoder_unet.{name}.bias"] = new JsonArray(shape[0]);
        }
    }

    private static JsonObject Without(string json, params string[] names)
    {
        JsonObject options = JsonNode.Parse(json)!.AsObject();
        foreach (string name in names) options.Remove(name);
        return options;
    }

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, Tolerance);
        Assert.InRange(expected.std().item<float>(), 0.01, 100);
    }

    private sealed class Counted(CancellationTokenSource cancellation) : INoiseSource
    {
        public int Draws { get; private set; }

        public Tensor NextLike(Tensor like)
        {
            Draws++;
            cancellation.Cancel();
            return zeros_like(like);
        }
    }
}
