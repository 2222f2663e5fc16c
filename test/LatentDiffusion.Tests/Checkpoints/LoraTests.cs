using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

public sealed class LoraTests : IDisposable
{
    private const string Block = "down_blocks.1.attentions.0.transformer_blocks.0";

    private static readonly LoraTarget s_unet = new(
        ModelFamilies.StableDiffusion.Lora(ComponentNames.UNet),
        ReferenceFigures.Read("stable-diffusion-keys.json").GetProperty("sd15.unet").GetProperty("keys").EnumerateObject()
            .ToDictionary(k => k.Name, k => (IReadOnlyList<long>)[.. k.Value.EnumerateArray().Select(d => d.GetInt64())]));

    private static readonly LoraTarget s_text = new(ModelFamilies.StableDiffusion.Lora(ComponentNames.TextEncoder), TextShapes());

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory]
    [InlineData("analog_svd_rank4.safetensors", 4, 0)]
    [InlineData("lora_disney.safetensors", 1, 2)]
    public void Real_files_parse_completely(string name, int rank, int embeddings)
    {
        using var file = LoraFile.Open(SharedData.Require("lora-sd15", name), s_unet, s_text);
        Assert.Equal(144, file.Patches.Count(p => p.Component == ComponentNames.UNet));
        Assert.Equal(48, file.Patches.Count(p => p.Component == ComponentNames.TextEncoder));
        Assert.Equal(192, file.Patches.Select(p => (p.Component, p.Parameter)).Distinct().Count());
        Assert.Equal(embeddings, file.Embeddings.Count);
        Assert.All(file.Patches, p => Assert.Equal((rank, 1.0), (p.LowRank.Rank, p.LowRank.Scale)));

        // The numbers show the visiting order: the feed-forward between both attentions, the middle block last.
        string ParameterOf(string up) => file.Patches.Single(p => p.LowRank.Up == up).Parameter;
        Assert.Equal("down_blocks.0.attentions.0.transformer_blocks.0.ff.net.0.proj.weight", ParameterOf("unet:4:up"));
        Assert.Equal("up_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.weight", ParameterOf("unet:54:up"));
        Assert.Equal("mid_block.attentions.0.transformer_blocks.0.attn2.to_out.0.weight", ParameterOf("unet:143:up"));
        Assert.Equal("text_model.encoder.layers.10.self_attn.v_proj.weight", ParameterOf("text_encoder:41:up"));
    }

    [Fact]
    public void A_real_file_is_applied_and_removed()
    {
        using var file = LoraFile.Open(SharedData.Require("lora-sd15", "lora_disney.safetensors"), s_unet, s_text);
        string[] names = [$"{Block}.attn1.to_q.weight", $"{Block}.ff.net.0.proj.weight"];
        foreach (string name in names)
        {
            LoraPatch patch = file.Patches.Single(p => p.Parameter == name);
            Tensor delta = LoraFile.Delta(patch, zeros([.. s_unet.Shapes[name]]));
            Assert.Equal(s_unet.Shapes[name], delta.shape);
            Assert.InRange(delta.abs().max().item<float>(), 1e-6f, 1f);
        }
    }

    public static TheoryData<string, string, string, string> Namings => new()
    {
        { $"unet.{Block}.attn1.to_q.lora_B.weight", $"unet.{Block}.attn1.to_q.lora_A.weight", "", $"{Block}.attn1.to_q.weight" },
        {
            $"base_model.model.unet.{Block}.attn1.to_q.lora_B.default.weight",
            $"base_model.model.unet.{Block}.attn1.to_q.lora_A.default.weight",
            "",
            $"{Block}.attn1.to_q.weight"
        },
        {
            $"unet.{Block}.attn1.processor.to_q_lora.up.weight",
            $"unet.{Block}.attn1.processor.to_q_lora.down.weight",
            "",
            $"{Block}.attn1.to_q.weight"
        },
        {
            $"{Block}.attn1.processor.to_out_lora.up.weight",
            $"{Block}.attn1.processor.to_out_lora.down.weight",
            "",
            $"{Block}.attn1.to_out.0.weight"
        },
        {
            $"unet.{Block}.attn1.to_out.0.lora.up.weight",
            $"unet.{Block}.attn1.to_out.0.lora.down.weight",
            $"unet.{Block}.attn1.to_out.0.lora.alpha",
            $"{Block}.attn1.to_out.0.weight"
        },
        {
            Kohya("attn1_to_q") + ".lora_up.weight",
            Kohya("attn1_to_q") + ".lora_down.weight",
            Kohya("attn1_to_q") + ".alpha",
            $"{Block}.attn1.to_q.weight"
        },
        {
            Kohya("attn1_to_out_0") + ".lora_up.weight",
            Kohya("attn1_to_out_0") + ".lora_down.weight",
            Kohya("attn1_to_out_0") + ".alpha",
            $"{Block}.attn1.to_out.0.weight"
        },
        {
            "diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_q.lora_up.weight",
            "diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_q.lora_down.weight",
            "diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_q.alpha",
            $"{Block}.attn1.to_q.weight"
        },
        {
            "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.lora_up.weight",
            "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.lora_down.weight",
            "",
            $"{Block}.attn1.to_q.weight"
        },
    };

    [Theory]
    [MemberData(nameof(Namings))]
    public void Every_naming_scheme_means_the_same(string up, string down, string alpha, string parameter)
    {
        List<(string, Tensor)> tensors = [(up, randn(640, 2)), (down, randn(2, 640))];
        if (alpha.Length > 0) tensors.Add((alpha, tensor(1f)));
        LoraPatch patch = Assert.Single(Open(tensors).Patches);
        Assert.Equal((ComponentNames.UNet, parameter, 2L), (patch.Component, patch.Parameter, patch.LowRank.Rank));
        Assert.Equal(alpha.Length > 0 ? 0.5 : 1, patch.LowRank.Scale);
    }

    [Theory]
    [InlineData("text_encoder.text_model.encoder.layers.3.self_attn.q_proj.lora_linear_layer.{0}.weight")]
    [InlineData("text_encoder.text_model.encoder.layers.3.self_attn.to_q_lora.{0}.weight")]
    [InlineData("lora_te_text_model_encoder_layers_3_self_attn_q_proj.lora_{0}.weight")]
    [InlineData("lora_te1_text_model_encoder_layers_3_self_attn_q_proj.lora_{0}.weight")]
    public void Text_towers_are_found(string name)
    {
        LoraFile file = Open([(string.Format(name, "up"), randn(768, 2)), (string.Format(name, "down"), randn(2, 768))]);
        LoraPatch patch = Assert.Single(file.Patches);
        Assert.Equal(
            (ComponentNames.TextEncoder, "text_model.encoder.layers.3.self_attn.q_proj.weight"),
            (patch.Component, patch.Parameter));
    }

    [Theory]
    [InlineData("input_blocks_1_0_in_layers_2", "down_blocks.0.resnets.0.conv1.weight")]
    [InlineData("input_blocks_4_0_skip_connection", "down_blocks.1.resnets.0.conv_shortcut.weight")]
    [InlineData("input_blocks_3_0_op", "down_blocks.0.downsamplers.0.conv.weight")]
    [InlineData("input_blocks_0_0", "conv_in.weight")]
    [InlineData("middle_block_1_proj_in", "mid_block.attentions.0.proj_in.weight")]
    [InlineData("middle_block_2_out_layers_3", "mid_block.resnets.1.conv2.weight")]
    [InlineData("output_blocks_0_0_emb_layers_1", "up_blocks.0.resnets.0.time_emb_proj.weight")]
    [InlineData("output_blocks_2_1_conv", "up_blocks.0.upsamplers.0.conv.weight")]
    [InlineData("output_blocks_5_2_conv", "up_blocks.1.upsamplers.0.conv.weight")]
    [InlineData("output_blocks_11_1_proj_out", "up_blocks.3.attentions.2.proj_out.weight")]
    [InlineData("time_embed_0", "time_embedding.linear_1.weight")]
    [InlineData("out_2", "conv_out.weight")]
    [InlineData("conv_out", "conv_out.weight")]
    public void Original_block_numbers_are_found(string module, string parameter) =>
        Assert.Equal(parameter, new LoraModules(s_unet).Find(module));

    [Fact]
    public void Convolutions_with_and_without_middle_kernel_are_computed()
    {
        const string Name = "lora_unet_down_blocks_0_resnets_0_conv1";
        Tensor up = randn(320, 3, 1, 1), down = randn(3, 320, 3, 3), mid = randn(3, 3, 3, 3), narrow = randn(3, 320, 1, 1);
        Tensor plain = Delta([($"{Name}.lora_up.weight", up), ($"{Name}.lora_down.weight", down), ($"{Name}.alpha", tensor(6L))]);
        Tensor expected = nn.functional.conv2d(down.permute(1, 0, 2, 3), up).permute(1, 0, 2, 3) * 2;
        Assert.True(plain.allclose(expected, 1e-4, 1e-4));

        Tensor middle = Delta([($"{Name}.lora_up.weight", up), ($"{Name}.lora_mid.weight", mid), ($"{Name}.lora_down.weight", narrow)]);
        Tensor byHand = up.flatten(1).matmul(mid.flatten(1)).view(320, 3, 9).permute(0, 2, 1)
            .matmul(narrow.flatten(1)).permute(0, 2, 1).reshape(320, 320, 3, 3);
        Assert.True(middle.allclose(byHand, 1e-4, 1e-4));

        Tensor Delta(List<(string, Tensor)> tensors)
        {
            LoraFile file = Open(tensors);
            return LoraFile.Delta(Assert.Single(file.Patches), zeros(320, 320, 3, 3));
        }
    }

    [Fact]
    public void Several_are_applied_and_removed_bit_for_bit()
    {
        string name = $"{Block}.attn1.to_q.weight";
        LoraFile one = Open(KohyaPair("attn1_to_q"));
        LoraFile two = Open(PeftPair(rank: 1));
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.Float16, ScalarType.Float64 })
        {
            // Values in half precision are rounded once more.
            double tolerance = type == ScalarType.Float16 ? 1e-3 : 1e-5;
            Tensor weight = randn(640, 640).to(type), before = weight.clone(), bias = randn(640);
            long alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            var parameters = new Dictionary<string, Tensor> { [name] = weight, ["bias"] = bias };
            using (var applied = new AppliedLoras(
                new Dictionary<string, IReadOnlyDictionary<string, Tensor>> { [ComponentNames.UNet] = parameters }))
            {
                applied.Set((one, 0.7), (two, -0.3));
                Assert.Equal(alive + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
                Tensor original = before.to(ScalarType.Float32);
                Tensor first = LoraFile.Delta(one.Patches[0], original), second = LoraFile.Delta(two.Patches[0], original);
                Tensor expected = original + first * 0.7 - second * 0.3;
                Assert.True(weight.to(ScalarType.Float32).allclose(expected, tolerance, tolerance));
                applied.Set((two, 1));
                Assert.True(weight.to(ScalarType.Float32).allclose(original + second, tolerance, tolerance));
            }

            Assert.True(weight.equal(before).all().item<bool>());
        }
    }

    [Fact]
    public void Settings_in_the_metadata_are_used()
    {
        List<(string, Tensor)> tensors = PeftPair(rank: 4);
        Assert.Equal(2, Scale("""{"unet.lora_alpha": 8}"""));
        Assert.Equal(4, Scale("""{"unet.lora_alpha": 8, "unet.use_rslora": true}"""));
        Assert.Equal(0.25, Scale("""{"unet.lora_alpha": 8, "unet.alpha_pattern": {"attn1.to_q": 1}}"""));
        Assert.Contains("DoRA", Assert.Throws<CheckpointException>(() => Scale("""{"unet.use_dora": true}""")).Message);
        Assert.Equal(1, Scale("""{"unet.lora_alpha": null, "unet.alpha_pattern": null, "unet.use_rslora": null, "unet.use_dora": null}"""));
        Assert.Equal(2, Scale("""{"unet.lora_alpha": 8, "unet.alpha_pattern": {"to_q": null}}"""));
        string[] invalid =
        [
            "{", "null", "[]", """{"unet.lora_alpha": "8"}""", """{"unet.lora_alpha": 1e999}""",
            """{"unet.alpha_pattern": {"to_q": []}}""",
        ];
        foreach (string bad in invalid)
            Assert.Throws<CheckpointException>(() => Scale(bad));

        double Scale(string settings) =>
            Assert.Single(Open(tensors, new() { ["lora_adapter_metadata"] = settings }).Patches).LowRank.Scale;
    }

    [Theory]
    [InlineData("oft_R.weight", "peft")]
    [InlineData("oft_R.default.weight", "peft")]
    [InlineData("a1.weight", "GLoRA")]
    [InlineData("b2.weight", "GLoRA")]
    [InlineData("vera_lambda_b", "VeRA")]
    [InlineData("set_weight", "replaces weights")]
    public void An_unknown_kind_of_adapter_is_named(string ending, string kind)
    {
        List<(string, Tensor)> tensors =
            [(Kohya("attn1_to_q") + ".alpha", tensor(1f)), ($"{Kohya("attn1_to_k")}.{ending}", randn(640, 2))];
        var exception = Assert.Throws<CheckpointException>(() => Open(tensors));
        Assert.Contains(kind, exception.Message, StringComparison.Ordinal);

        // The known part of the file is applied, and the strength of the other adapter is not a patch by itself.
        tensors.Add((Kohya("attn2_to_q") + ".lora_up.weight", randn(640, 2)));
        tensors.Add((Kohya("attn2_to_q") + ".lora_down.weight", randn(2, 640)));
        LoraFile file = Open(tensors, unknown: UnknownTensorHandling.Ignore);
        Assert.Equal(Block + ".attn2.to_q.weight", Assert.Single(file.Patches).Parameter);
        Assert.Equal(tensors.Take(2).Select(t => t.Item1).Order(), file.Ignored.Order());
        Assert.Contains(kind, file.DescribeIgnored());
        Assert.StartsWith("2 of 4 tensors: ", file.DescribeIgnored());
    }

    [Theory]
    [InlineData("hada_w1_a", "LoHa")]
    [InlineData("hada_t2", "LoHa")]
    [InlineData("lokr_w1", "LoKr")]
    [InlineData("lokr_w2_b", "LoKr")]
    [InlineData("oft_blocks", "OFT")]
    [InlineData("diff", "full difference")]
    [InlineData("diff_b", "full difference")]
    [InlineData("on_input", "(IA)³")]
    [InlineData("dora_scale", "DoRA")]
    [InlineData("lora_up.weight", "down")]
    public void A_part_of_an_adapter_is_refused_by_name(string ending, string kind)
    {
        foreach (UnknownTensorHandling unknown in Enum.GetValues<UnknownTensorHandling>())
        {
            var exception = Assert.Throws<CheckpointException>(
                () => Open([($"{Kohya("attn1_to_out_0")}.{ending}", randn(3, 2))], unknown: unknown));
            Assert.Contains(kind, exception.Message, StringComparison.Ordinal);
            Assert.Contains($"unet.{Block}.attn1.to_out.0.", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Names_that_fit_no_parameter_can_be_ignored()
    {
        string up = Kohya("attn1_to_q") + ".lora_up.weight", down = Kohya("attn1_to_q") + ".lora_down.weight";
        (string, Tensor)[] known = [(up, randn(640, 2)), (down, randn(2, 640))];
        LoraFile file = Open(
            [.. known, ("lora_unet_other.lora_up.weight", randn(2, 2)), ("note", randn(1))], unknown: UnknownTensorHandling.Ignore);
        Assert.Single(file.Patches);
        Assert.Equal(["lora_unet_other.lora_up.weight", "note"], file.Ignored.Order());
        Assert.Equal("2 of 4 tensors: names that fit no parameter", file.DescribeIgnored());
        Assert.Empty(Open([.. known], unknown: UnknownTensorHandling.Ignore).Ignored);

        // DoRA in the metadata.
        var dora = new Dictionary<string, string> { ["lora_adapter_metadata"] = """{"unet.use_dora": true}""" };
        Assert.Single(Open([.. known], dora, UnknownTensorHandling.Ignore).Patches);

        // A file with half a patch, or with one for another network, is still refused.
        var half = Assert.Throws<CheckpointException>(() => Open([known[0]], unknown: UnknownTensorHandling.Ignore));
        Assert.Equal([$"unet.{Block}.attn1.to_q.weight (down)"], half.Missing);
        (string, Tensor)[] narrow = [(up, randn(8, 2)), (down, randn(2, 8))];
        Assert.Single(Assert.Throws<CheckpointException>(() => Open([.. narrow], unknown: UnknownTensorHandling.Ignore)).Misshaped);
    }

    [Fact]
    public void Embeddings_of_a_bundle_are_listed_and_not_patches()
    {
        LoraFile file = Open([.. KohyaPair("attn1_to_q"), ("bundle_emb.mine.string_to_param.*", randn(2, 768))]);
        Assert.Single(file.Patches);
        Assert.Equal(["bundle_emb.mine.string_to_param.*"], file.Embeddings);
    }

    [Fact]
    public void Of_several_alpha_patterns_the_first_in_the_file_counts()
    {
        List<(string, Tensor)> tensors = PeftPair(rank: 4);
        Assert.Equal(0.5, Scale("""{"to_q": 2, "attn1.to_q": 1}"""));
        Assert.Equal(0.25, Scale("""{"attn1.to_k": 3, "attn1.to_q": 1, "to_q": 2}"""));
        Assert.Equal(1, Scale("""{"1.to_q": 3}"""));

        double Scale(string pattern)
        {
            string settings = $$"""{"unet.lora_alpha": 4, "unet.alpha_pattern": {{pattern}}}""";
            return Assert.Single(Open(tensors, new() { ["lora_adapter_metadata"] = settings }).Patches).LowRank.Scale;
        }
    }

    [Theory]
    [InlineData("lora_adapter_metadata", """{"\ud800": 1}""")]
    [InlineData("lora_adapter_metadata", """{"unet.alpha_pattern": {"\ud800": 1}}""")]
    [InlineData("unet", """["\ud800"]""")]
    [InlineData("unet", "[null]")]
    public void Metadata_that_is_not_text_is_refused(string key, string json)
    {
        List<(string, Tensor)> tensors = [("unet:0:up", randn(320, 2)), ("unet:0:down", randn(2, 320))];
        var exception = Assert.Throws<CheckpointException>(() => Open(tensors, new() { [key] = json }));
        Assert.True(exception.Message.Length <= 1000);
    }

    /// <summary>A backtracking pattern would take minutes for each of these.</summary>
    [Theory]
    [InlineData("a", ".lora_magnitude_vector", "!")]
    [InlineData("x", ".lora_A.", "")]
    [InlineData("x", ".lora_A.a", "\n")]
    [InlineData("", "_lora.down", ".weigh")]
    public void Names_of_a_megabyte_are_matched_in_linear_time(string start, string repeated, string end)
    {
        string name = start + string.Concat(Enumerable.Repeat(repeated, (1 << 20) / repeated.Length)) + end;
        var exception = Assert.Throws<CheckpointException>(() => Open([(name, zeros(0))]));
        Assert.Equal(name, Assert.Single(exception.Unexpected));
    }

    [Fact]
    public void All_unmatched_tensors_are_listed()
    {
        var exception = Assert.Throws<CheckpointException>(() => Open(
        [
            (Kohya("attn1_to_q") + ".lora_up.weight", randn(640, 2)),
            (Kohya("attn1_to_k") + ".lora_up.weight", randn(640, 2)), (Kohya("attn1_to_k") + ".lora_down.weight", randn(3, 640)),
            (Kohya("attn7_to_q") + ".lora_up.weight", randn(640, 2)),
            ("lora_te2_text_model_x.lora_up.weight", randn(640, 2)),
            ("lora_unet_conv_in.mystery", randn(3)),
        ]));
        Assert.Equal([$"unet.{Block}.attn1.to_q.weight (down)"], exception.Missing);
        Assert.Equal(
            new[] { Kohya("attn7_to_q") + ".lora_up.weight", "lora_te2_text_model_x.lora_up.weight", "lora_unet_conv_in.mystery" }.Order(),
            exception.Unexpected.Order());
        Assert.Contains("[640, 2] and [3, 640]", Assert.Single(exception.Misshaped));
    }

    [Theory]
    [InlineData("lora_unet_conv_in.dora_scale")]
    [InlineData("unet.conv_in.lora_magnitude_vector")]
    [InlineData("unet.conv_in.lora_magnitude_vector.default.weight")]
    public void Weight_decomposition_is_refused_by_name(string name)
    {
        var exception = Assert.Throws<CheckpointException>(() => Open([(name, ones(4))]));
        Assert.Contains("DoRA", exception.Message);
        Assert.Contains(name, exception.Message);
    }

    [Fact]
    public void Mutated_files_throw_or_load()
    {
        SafetensorsWriter.Write(
            _folder["whole"],
            [
                ("unet:0:up", randn(320, 2)), ("unet:0:down", randn(2, 320)), .. KohyaPair("attn1_to_q"),
                (Kohya("attn1_to_q") + ".alpha", tensor(1f)),
            ],
            new Dictionary<string, string> { ["unet"] = "[\"GEGLU\"]", ["lora_adapter_metadata"] = """{"unet.lora_alpha": 8}""" });
        byte[] file = File.ReadAllBytes(_folder["whole"]);
        int headerLength = 8 + BitConverter.ToInt32(file);
        int loaded = 0;
        for (int seed = 0; seed < 1000; seed++)
        {
            // Only within the header, and without changing its length: most changes of length are refused for their offsets.
            var random = new Random(seed);
            byte[] mutated = [.. file];
            for (int n = random.Next(1, 4); n > 0; n--)
                mutated[random.Next(8, headerLength)] = (byte)"0123456789:._abux\"[]{}- "[random.Next(23)];
            File.WriteAllBytes(_folder["a"], mutated);
            try
            {
                using var lora = LoraFile.Open(_folder["a"], s_unet, s_text);
                foreach (LoraPatch patch in lora.Patches)
                {
                    using Tensor weight = zeros([.. s_unet.Shapes[patch.Parameter]]);
                    LoraFile.Delta(patch, weight).Dispose();
                }
                loaded++;
            }
            catch (CheckpointException)
            {
            }
        }

        Assert.InRange(loaded, 1, 999);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static string Kohya(string module) => $"lora_unet_{Block.Replace('.', '_')}_{module}";

    private static List<(string, Tensor)> KohyaPair(string module) =>
        [(Kohya(module) + ".lora_up.weight", randn(640, 2)), (Kohya(module) + ".lora_down.weight", randn(2, 640))];

    private static List<(string, Tensor)> PeftPair(long rank) =>
    [
        ($"unet.{Block}.attn1.to_q.lora_B.weight", randn(640, rank)),
        ($"unet.{Block}.attn1.to_q.lora_A.weight", randn(rank, 640)),
    ];

    private static Dictionary<string, IReadOnlyList<long>> TextShapes() => (
        from layer in Enumerable.Range(0, 12)
        from module in new[]
        {
            ("self_attn.q_proj", 768, 768), ("self_attn.k_proj", 768, 768), ("self_attn.v_proj", 768, 768),
            ("self_attn.out_proj", 768, 768), ("mlp.fc1", 3072, 768), ("mlp.fc2", 768, 3072),
        }
        let name = $"text_model.encoder.layers.{layer}.{module.Item1}.weight"
        select KeyValuePair.Create(name, (IReadOnlyList<long>)[module.Item2, module.Item3])).ToDictionary();

    private LoraFile Open(
        List<(string, Tensor)> tensors, Dictionary<string, string>? metadata = null,
        UnknownTensorHandling unknown = UnknownTensorHandling.Refuse)
    {
        string path = _folder[$"{Guid.NewGuid():N}.safetensors"];
        SafetensorsWriter.Write(path, tensors, metadata);
        return LoraFile.Open(path, unknown, s_unet, s_text);
    }
}
