using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>T2I-Adapters agree with their paper, and the U-Net adds their feature maps where the published code does.</summary>
public sealed class T2IAdapterModelTests
{
    public static TheoryData<string, int, int[], bool> Kinds
    {
        get
        {
            var kinds = new TheoryData<string, int, int[], bool>();
            foreach (bool inferenceForm in new[] { false, true })
            {
                kinds.Add("full_adapter", 3, [1, 2, 3], inferenceForm);
                kinds.Add("full_adapter", 1, [1, 2, 3], inferenceForm);
                kinds.Add("full_adapter_xl", 3, [2], inferenceForm);
                kinds.Add("light_adapter", 3, [1, 2, 3, 4], inferenceForm);
            }

            return kinds;
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void The_network_agrees_with_the_paper(string kind, int inChannels, int[] halvedBefore, bool inferenceForm)
    {
        InferenceForm.IsEnabled = inferenceForm;
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        T2IAdapterModel network = new T2IAdapterConfig
        {
            InChannels = inChannels, Channels = [8, 16, 24, 24], DownscaleFactor = 4, AdapterType = kind,
        }.Build();
        FormulaWeights.Fill(network);
        network.eval();
        // 9 × 11 squares: each halving rounds up.
        Tensor image = FormulaWeights.Input("image", [2, inChannels, 36, 44], clamp: 1).abs();
        Dictionary<string, Tensor> weights = network.state_dict().ToDictionary(t => t.Key, t => t.Value.clone());
        List<Tensor> expected = PlainT2IAdapter.Evaluate(weights, image, 4, halvedBefore);
        IReadOnlyList<Tensor> found = network.call(image);
        Assert.Equal(expected.Count, found.Count);
        Assert.Equal(network.Config.Features.Select(f => (long)f.Channels), found.Select(f => f.shape[1]));
        foreach ((Tensor one, Tensor other) in expected.Zip(found)) Same(one, other);
    }

    /// <summary>
    /// The published rule, told by hooks of the layers: after the last spatial transformer of a block, in a block without after its change
    /// of size or else its last residual block, and after the middle.
    /// </summary>
    [Theory]
    [InlineData("CrossAttnDownBlock2D DownBlock2D", "down_blocks.0.attentions.1 down_blocks.1.resnets.1")]
    [InlineData(
        "DownBlock2D CrossAttnDownBlock2D CrossAttnDownBlock2D",
        "down_blocks.0.downsamplers.0 down_blocks.1.attentions.1 down_blocks.2.attentions.1 mid_block.resnets.1")]
    public void The_UNet_adds_feature_maps_at_the_published_layers(string blocks, string layers)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        string[] types = blocks.Split(' '), added = layers.Split(' ');
        UNet2DConditionConfig config = new()
        {
            BlockOutChannels = [.. new[] { 32, 64, 96 }[..types.Length]], LayersPerBlock = 2, CrossAttentionDim = 16,
            DownBlockTypes = [.. types], UpBlockTypes = [.. types.Reverse().Select(type => type.Replace("Down", "Up"))],
            NormNumGroups = 8, AttentionHeadDim = 4,
        };
        UNet2DConditionModel network = config.Build();
        FormulaWeights.Fill(network);
        network.eval();
        IReadOnlyList<AdapterResidualShape> shapes = UNetDescription.FromConfig(config, false).AdapterResidualShapes;
        Tensor[] maps =
        [
            .. shapes.Take(added.Length).Select((shape, i) => FormulaWeights.Input(
                $"map{i}", [2, shape.Channels, 12 / shape.DownsamplingFactor, 16 / shape.DownsamplingFactor])),
        ];
        Assert.Equal(added.Length, maps.Length);
        var input = new UNetInput(
            FormulaWeights.Input("sample", [2, 4, 12, 16]), tensor(new[] { 7L }), FormulaWeights.Input("text", [2, 5, 16]));
        Tensor plain = network.call(input), found = network.call(input with { AdapterResiduals = maps });
        // Guidance evaluates the same samples with two texts in one batch.
        UNetInput twice = input with
        {
            Sample = cat([input.Sample, input.Sample]), HiddenStates = cat([input.HiddenStates, input.HiddenStates.flip(1)]),
            AdapterResiduals = [.. maps.Select(map => cat([map, map]))],
        };
        Same(found, network.call(twice).narrow(0, 0, 2));

        foreach ((string layer, Tensor map) in added.Zip(maps))
        {
            switch (network.named_modules().Single(module => module.name == layer).module)
            {
                case nn.Module<Tensor, TextContext, Tensor> attention:
                    attention.register_forward_hook((_, _, _, output) => output.add(map));
                    break;
                case nn.Module<Tensor, TimeContext, Tensor> resnet:
                    resnet.register_forward_hook((_, _, _, output) => output.add(map));
                    break;
                case nn.Module<Tensor, Tensor> downsampler:
                    downsampler.register_forward_hook((_, _, output) => output.add(map));
                    break;
                default:
                    Assert.Fail($"{layer} cannot be hooked.");
                    break;
            }
        }

        Same(network.call(input), found);
        Assert.True((plain - found).abs().max().item<float>() > 0.01);
    }

    [Theory]
    [InlineData("full_adapter", 3, 8)]
    [InlineData("full_adapter", 1, 8)]
    [InlineData("full_adapter_xl", 3, 16)]
    [InlineData("light_adapter", 3, 8)]
    public void Published_sizes_have_the_published_parameters(string kind, int inChannels, int factor)
    {
        bool light = kind == "light_adapter";
        string json = $$"""
            { "_class_name": "T2IAdapter", "_diffusers_version": "0.20.0.dev0", "adapter_type": "{{kind}}",
              "channels": [{{(light ? "320, 640, 1280" : "320, 640, 1280, 1280")}}], "downscale_factor": {{factor}},
              "in_channels": {{inChannels}}, "num_res_blocks": {{(light ? 4 : 2)}} }
            """;
        using T2IAdapterModel network = T2IAdapterConfig.FromJson(json).BuildUninitialized(META);
        Dictionary<string, long[]> expected = [];
        int[] widths = [320, 640, 1280, 1280];
        int before = inChannels * factor * factor;
        if (!light)
        {
            Convolution("conv_in", before, 320, 3);
            before = 320;
        }

        for (int i = 0; i < widths.Length; i++)
        {
            int wide = widths[i], inner = light ? wide / 4 : wide;
            if (light || before != wide) Convolution($"body.{i}.in_conv", before, inner, 1);
            for (int j = 0; j < (light ? 4 : 2); j++)
            {
                Convolution($"body.{i}.resnets.{j}.block1", inner, inner, 3);
                Convolution($"body.{i}.resnets.{j}.block2", inner, inner, light ? 3 : 1);
            }

            if (light) Convolution($"body.{i}.out_conv", inner, wide, 1);
            before = wide;
        }

        Dictionary<string, long[]> actual = network.state_dict().ToDictionary(t => t.Key, t => t.Value.shape);
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        Assert.All(expected, t => Assert.Equal(t.Value, actual[t.Key]));

        void Convolution(string name, long inputs, long outputs, long kernel)
        {
            expected.Add($"adapter.{name}.weight", [outputs, inputs, kernel, kernel]);
            expected.Add($"adapter.{name}.bias", [outputs]);
        }
    }

    [Theory]
    [InlineData("""{ "adapter_type": "style" }""", "style")]
    [InlineData("""{ "channels": [] }""", "channels is empty")]
    [InlineData("""{ "channels": [2], "adapter_type": "light_adapter" }""", "channels is 2")]
    [InlineData("""{ "channels": [8, 8, 8, 16], "adapter_type": "full_adapter_xl" }""", "16 after 8")]
    [InlineData("""{ "downscale_factor": 0 }""", "downscale_factor is 0")]
    [InlineData("""{ "downscale_factor": 1000000000 }""", "downscale_factor is 1000000000")]
    [InlineData("""{ "in_channels": -1 }""", "in_channels is -1")]
    [InlineData("""{ "num_res_blocks": 0 }""", "num_res_blocks is 0")]
    public void Contradictory_configurations_are_refused(string json, string message)
    {
        Exception error = Assert.ThrowsAny<Exception>(() => T2IAdapterConfig.FromJson(json).BuildUninitialized(META));
        Assert.True(error is InvalidDataException or NotSupportedException, error.GetType().Name);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static void Same(Tensor expected, Tensor found)
    {
        Assert.Equal(expected.shape, found.shape);
        double scale = expected.square().mean().sqrt().item<float>();
        Assert.InRange((expected - found).abs().max().item<float>() / scale, 0, 3e-5);
    }
}
