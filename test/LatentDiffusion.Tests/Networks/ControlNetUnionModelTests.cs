using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>
/// Union ControlNets agree with their published formula, written with plain functions, around the encoder of a ControlNet.
/// </summary>
public sealed class ControlNetUnionModelTests
{
    private const double Tolerance = 3e-5;

    [Theory]
    [InlineData(false, 3), InlineData(true, 3), InlineData(true, 0), InlineData(false, 1, 4), InlineData(true, 5, 0, 2)]
    public void The_network_agrees_with_its_formula(bool inferenceForm, params int[] types)
    {
        InferenceForm.IsEnabled = inferenceForm;
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        ControlNetUnionModel network = TinyControlNetUnions.Make();
        Dictionary<string, Tensor> weights = network.state_dict().ToDictionary(t => t.Key, t => t.Value.clone());
        // What guidance evaluates: the same latents and images with two texts.
        Tensor latents = FormulaWeights.Input("latents", [1, 4, 8, 12]);
        var unet = new UNetInput(cat([latents, latents]), tensor(new[] { 7L }), FormulaWeights.Input("text", [2, 5, 128]))
        {
            TextEmbeds = FormulaWeights.Input("pooled", [2, 32]), TimeIds = tensor(new[] { 16f, 24, 0, 0, 16, 24 }).repeat(2, 1),
        };
        (Tensor Image, int Type, double Scale)[] images =
        [
            .. types.Select((type, i) =>
                (FormulaWeights.Input($"image{i}", [1, 3, 16, 24], 1).abs().repeat(2, 1, 1, 1), type, 0.5 + 0.4 * i)),
        ];
        ControlNetOutput found = network.call(new ControlNetUnionInput(
            unet, [.. images.Select(image => new UnionCondition(image.Image, image.Type) { Scale = image.Scale })]));

        // A ControlNet with the same encoder, whose image and time embedding are replaced by what the union's formula gives.
        ControlNetModel plain = new ControlNetConfig
        {
            BlockOutChannels = [32, 64], LayersPerBlock = 1, CrossAttentionDim = 128, ConditioningEmbeddingOutChannels = [8, 16],
            DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"], AdditionEmbedType = "text_time", AdditionTimeEmbedDim = 256,
            ProjectionClassEmbeddingsInputDim = 32 + 6 * 256, UseLinearProjection = true, AttentionHeadDim = new PerBlock<int>([1, 1]),
        }.Build();
        using (NetworkUse.ToChange(plain)) foreach ((string name, Tensor weight) in plain.state_dict()) weight.copy_(weights[name]);
        plain.eval();
        Tensor fused = Fused(weights, images), typesEmbedded = Types(weights, types);
        Layer(plain, "controlnet_cond_embedding").register_forward_hook((_, _, _) => fused.clone());
        Layer(plain, "time_embedding.linear_2").register_forward_hook((_, _, output) => output.add(typesEmbedded));
        ControlNetOutput expected = plain.call(new ControlNetInput(unet, images[0].Image)
        {
            ConditioningScale = images.Length == 1 ? images[0].Scale : 1,
        });

        Assert.Equal(expected.DownResiduals.Count, found.DownResiduals.Count);
        foreach ((Tensor one, Tensor other) in expected.DownResiduals.Zip(found.DownResiduals)) Same(one, other);
        Same(expected.MiddleResidual, found.MiddleResidual);
    }

    [Fact]
    public void Unknown_types_and_no_image_are_refused()
    {
        using ControlNetUnionModel network = TinyControlNetUnions.Make();
        using DisposeScope scope = NewDisposeScope();
        var unet = new UNetInput(zeros(1, 4, 8, 12), tensor(new[] { 7L }), zeros(1, 5, 128));
        Assert.Throws<ArgumentException>(() => network.call(new ControlNetUnionInput(unet, [])));
        foreach (int type in new[] { -1, 6 })
        {
            Assert.Contains(
                $"The control type is {type}; expected 0 to 5",
                Assert.Throws<ArgumentException>(
                    () => network.call(new ControlNetUnionInput(unet, [new(zeros(1, 3, 16, 24), type)]))).Message,
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("num_control_type", 6)]
    [InlineData("num_control_type", 8)]
    public void Published_sizes_have_the_published_parameters(string option, int types)
    {
        const string Encoder = """
            "addition_embed_type": "text_time", "addition_time_embed_dim": 256, "attention_head_dim": [5, 10, 20],
            "block_out_channels": [320, 640, 1280], "conditioning_embedding_out_channels": [16, 32, 96, 256],
            "cross_attention_dim": 2048, "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
            "projection_class_embeddings_input_dim": 2816, "transformer_layers_per_block": [1, 2, 10], "use_linear_projection": true
            """;
        using ControlNetModel plain = ControlNetConfig.FromJson($$"""{ "_class_name": "ControlNetModel", {{Encoder}} }""")
            .BuildUninitialized(META);
        using ControlNetUnionModel union = ControlNetUnionConfig
            .FromJson($$"""{ "_class_name": "ControlNetUnionModel", {{Encoder}}, "{{option}}": {{types}} }""").BuildUninitialized(META);
        Dictionary<string, long[]> expected = plain.state_dict().ToDictionary(t => t.Key, t => t.Value.shape);
        const string Layer = "transformer_layes.0.";
        (string, long[])[] added =
        [
            ("task_embedding", [types, 320]), (Layer + "attn.in_proj_weight", [960, 320]), (Layer + "attn.in_proj_bias", [960]),
            (Layer + "attn.out_proj.weight", [320, 320]), (Layer + "attn.out_proj.bias", [320]),
            (Layer + "ln_1.weight", [320]), (Layer + "ln_1.bias", [320]), (Layer + "ln_2.weight", [320]), (Layer + "ln_2.bias", [320]),
            (Layer + "mlp.c_fc.weight", [1280, 320]), (Layer + "mlp.c_fc.bias", [1280]),
            (Layer + "mlp.c_proj.weight", [320, 1280]), (Layer + "mlp.c_proj.bias", [320]),
            ("spatial_ch_projs.weight", [320, 320]), ("spatial_ch_projs.bias", [320]),
            ("control_add_embedding.linear_1.weight", [1280, 256 * types]), ("control_add_embedding.linear_1.bias", [1280]),
            ("control_add_embedding.linear_2.weight", [1280, 1280]), ("control_add_embedding.linear_2.bias", [1280]),
        ];
        foreach ((string name, long[] shape) in added) expected.Add(name, shape);
        Dictionary<string, long[]> actual = union.state_dict().ToDictionary(t => t.Key, t => t.Value.shape);
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        Assert.All(expected, t => Assert.Equal(t.Value, actual[t.Key]));
    }

    /// <summary>Each image's features and what the transformer gives for it, times its scale where there are several.</summary>
    private static Tensor Fused(Dictionary<string, Tensor> weights, (Tensor Image, int Type, double Scale)[] images)
    {
        Tensor? sum = null;
        foreach ((Tensor image, int type, double given) in images)
        {
            double scale = images.Length > 1 ? given : 1;
            Tensor features = Convolve("conv_in", image, 1);
            for (int i = 0; i < 2; i++) features = Convolve($"blocks.{i}", nn.functional.silu(features), i + 1);
            features = Convolve("conv_out", nn.functional.silu(features), 1);
            // [evaluations, width]: published code attends over the first dimension.
            Tensor token = (features.mean([2, 3]) + weights["task_embedding"][type]) * scale;
            for (int layer = 0; layer < 2; layer++)
            {
                string name = $"transformer_layes.{layer}.";
                Tensor[] projected = nn.functional.linear(
                    Norm(name + "ln_1", token), weights[name + "attn.in_proj_weight"], weights[name + "attn.in_proj_bias"]).chunk(3, -1);
                Tensor[] heads = [.. projected.Select(x => x.view(2, 8, 4).transpose(0, 1))];
                Tensor map = nn.functional.softmax(heads[0].matmul(heads[1].transpose(1, 2)) / Math.Sqrt(4), -1);
                Tensor attended = map.matmul(heads[2]).transpose(0, 1).reshape(2, 32);
                token = token + Linear(name + "attn.out_proj", attended);
                Tensor wide = Linear(name + "mlp.c_fc", Norm(name + "ln_2", token));
                token = token + Linear(name + "mlp.c_proj", wide * (wide * 1.702).sigmoid());
            }

            Tensor one = scale * features + scale * Linear("spatial_ch_projs", token).view(2, 32, 1, 1);
            sum = sum is null ? one : sum + one;
        }

        return sum!;

        Tensor Linear(string name, Tensor x) => nn.functional.linear(x, weights[name + ".weight"], weights[name + ".bias"]);

        Tensor Norm(string name, Tensor x) =>
            nn.functional.layer_norm(x, [32], weights[name + ".weight"], weights[name + ".bias"], 1e-5);

        Tensor Convolve(string name, Tensor x, long stride) => nn.functional.conv2d(
            x, weights[$"controlnet_cond_embedding.{name}.weight"], weights[$"controlnet_cond_embedding.{name}.bias"], [stride, stride],
            [1, 1]);
    }

    /// <summary>Sinusoids of 1 for the types that are given and of 0 for others, through two linear layers.</summary>
    private static Tensor Types(Dictionary<string, Tensor> weights, int[] types)
    {
        var features = new List<float>();
        for (int type = 0; type < 6; type++)
        {
            double value = types.Contains(type) ? 1 : 0;
            double[] angles = [.. Enumerable.Range(0, 128).Select(i => value * Math.Exp(-Math.Log(10000) * i / 128))];
            features.AddRange([.. angles.Select(a => (float)Math.Cos(a)), .. angles.Select(a => (float)Math.Sin(a))]);
        }

        Tensor hidden = nn.functional.linear(
            tensor(features.ToArray(), [1, features.Count]), weights["control_add_embedding.linear_1.weight"],
            weights["control_add_embedding.linear_1.bias"]);
        return nn.functional.linear(
            nn.functional.silu(hidden), weights["control_add_embedding.linear_2.weight"], weights["control_add_embedding.linear_2.bias"]);
    }

    private static nn.Module<Tensor, Tensor> Layer(nn.Module network, string name) =>
        (nn.Module<Tensor, Tensor>)network.named_modules().Single(module => module.name == name).module;

    private static void Same(Tensor expected, Tensor found)
    {
        Assert.Equal(expected.shape, found.shape);
        double scale = expected.square().mean().sqrt().item<float>();
        Assert.InRange((expected - found).abs().max().item<float>() / scale, 0, Tolerance);
    }
}
