using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Configurations are written as they were read, and unsupported options are refused by name.</summary>
public class NetworkConfigTests
{
    private const string Tiny = """
        "block_out_channels": [16, 32], "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"], "sample_size": 8,
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"], "norm_num_groups": 8, "cross_attention_dim": 32, "attention_head_dim": 4
        """;

    public static IEnumerable<TheoryDataRow<string>> Published() =>
        ReferenceFiles.Read("models.json")["cases"]!.AsArray().Select(c => new TheoryDataRow<string>((string)c!["name"]!));

    [Theory, MemberData(nameof(Published))]
    public void A_configuration_is_written_as_it_was_read(string name)
    {
        JsonNode reference = ReferenceFiles.Read("models.json")["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        JsonObject json = reference["config"]!.DeepClone().AsObject();
        json["_class_name"] = (string)reference["model"]!;
        json["_diffusers_version"] = "0.30.0";
        NetworkConfig config = (string)reference["model"]! switch
        {
            "UNet2DConditionModel" => UNet2DConditionConfig.FromJson(json.ToJsonString()),
            "AutoencoderKL" => AutoencoderKLConfig.FromJson(json.ToJsonString()),
            "AutoencoderTiny" => AutoencoderTinyConfig.FromJson(json.ToJsonString()),
            "VQModel" => VQConfig.FromJson(json.ToJsonString()),
            _ => ControlNetConfig.FromJson(json.ToJsonString()),
        };
        Assert.True(JsonNode.DeepEquals(json, JsonNode.Parse(config.ToJson())));
    }

    [Fact]
    public void What_was_changed_since_is_written()
    {
        UNet2DConditionConfig config = UNet2DConditionConfig.FromJson("{" + Tiny + "}") with
        {
            InChannels = 9,
            TransformerLayersPerBlock = 2,
        };
        JsonObject json = JsonNode.Parse(config.ToJson())!.AsObject();
        Assert.Equal(9, (int)json["in_channels"]!);
        Assert.Equal(2, (int)json["transformer_layers_per_block"]!);
        Assert.False(json.ContainsKey("out_channels"));
    }

    [Fact]
    public void A_configuration_made_in_code_is_written_whole()
    {
        var config = new UNet2DConditionConfig { TransformerLayersPerBlock = new PerBlock<int>([1, 2, 3, 4]) };
        UNet2DConditionConfig again = UNet2DConditionConfig.FromJson(config.ToJson());
        Assert.Equal(config.ToJson(), (again with { Source = null }).ToJson());
    }

    [Theory]
    [InlineData("\"dual_cross_attention\": true", "dual_cross_attention")]
    [InlineData("\"attention_type\": \"gated\"", "attention_type")]
    [InlineData("\"cross_attention_norm\": \"group_norm\"", "cross_attention_norm")]
    [InlineData("\"encoder_hid_dim_type\": \"image_proj\"", "encoder_hid_dim_type")]
    [InlineData("\"addition_embed_type\": \"image\"", "addition_embed_type")]
    [InlineData("\"class_embed_type\": \"novel\"", "class_embed_type")]
    [InlineData("\"mid_block_type\": \"UNetMidBlock2DSimpleCrossAttn\"", "mid_block_type")]
    [InlineData("\"time_embedding_type\": \"learned\"", "time_embedding_type")]
    [InlineData("\"resnet_time_scale_shift\": \"ada_group\"", "resnet_time_scale_shift")]
    [InlineData("\"act_fn\": \"snake\"", "snake")]
    [InlineData("\"attention_head_dim\": [4]", "attention_head_dim")]
    [InlineData("\"transformer_layers_per_block\": [[1, 1], 1]", "reverse_transformer_layers_per_block")]
    public void What_cannot_be_honoured_is_refused_by_name(string option, string named)
    {
        Exception? error = Record.Exception(() => UNet2DConditionConfig.FromJson(With(option)).BuildUninitialized(META));
        Assert.NotNull(error);
        Assert.True(error is NotSupportedException or ArgumentException or InvalidDataException, error.ToString());
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"mid_block_type\": null")]
    [InlineData("\"mid_block_type\": \"UNetMidBlock2D\", \"mid_block_scale_factor\": 1.4")]
    [InlineData("\"only_cross_attention\": [true, false], \"layers_per_block\": [1, 2], \"cross_attention_dim\": [32, 32]")]
    [InlineData("\"transformer_layers_per_block\": [[2, 1], 1], \"reverse_transformer_layers_per_block\": [1, [1, 2, 1]]")]
    [InlineData(
        """
        "down_block_types": ["AttnDownBlock2D", "ResnetDownsampleBlock2D"],
        "up_block_types": ["ResnetUpsampleBlock2D", "AttnUpBlock2D"]
        """)]
    [InlineData("\"num_class_embeds\": 5")]
    [InlineData("\"class_embed_type\": \"timestep\", \"class_embeddings_concat\": true")]
    [InlineData("\"class_embed_type\": \"projection\", \"projection_class_embeddings_input_dim\": 6")]
    [InlineData("\"class_embed_type\": \"simple_projection\", \"projection_class_embeddings_input_dim\": 6")]
    [InlineData("\"class_embed_type\": \"identity\"")]
    [InlineData("\"time_embedding_type\": \"fourier\", \"time_embedding_act_fn\": \"gelu\", \"timestep_post_act\": \"silu\"")]
    [InlineData("\"encoder_hid_dim\": 24, \"addition_embed_type\": \"text\", \"addition_embed_type_num_heads\": 4")]
    [InlineData(
        """
        "resnet_time_scale_shift": "scale_shift", "act_fn": "gelu", "time_cond_proj_dim": 6, "center_input_sample": true
        """)]
    [InlineData(
        """
        "use_linear_projection": true, "upcast_attention": true, "conv_in_kernel": 1, "conv_out_kernel": 5,
        "downsample_padding": 0
        """)]
    public void Options_build_a_network_that_runs(string options)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        UNet2DConditionConfig config = UNet2DConditionConfig.FromJson(With(options));
        UNet2DConditionModel network = config.Build();
        Tensor labels = config.ClassEmbedType switch
        {
            "identity" => randn(2, 64),
            "projection" or "simple_projection" => randn(2, 6),
            _ => tensor(new[] { 1L, 4L }),
        };
        Tensor output = network.call(new UNetInput(randn(2, 4, 10, 6), tensor(new[] { 3L, 900L }), randn(2, 5, config.EncoderHidDim ?? 32))
        {
            ClassLabels = labels,
            TimestepCondition = config.TimeCondProjDim is { } width ? randn(2, width) : null,
        });
        Assert.Equal([2L, 4, 10, 6], output.shape);
        Assert.True(output.isfinite().all().item<bool>());
    }

    [Fact]
    public void Uninitialised_networks_have_the_type_and_names_of_others()
    {
        UNet2DConditionConfig config = UNet2DConditionConfig.FromJson("{" + Tiny + "}");
        using UNet2DConditionModel usual = config.Build(), half = config.BuildUninitialized(type: ScalarType.Float16);
        Assert.Equal(usual.state_dict().Keys, half.state_dict().Keys);
        Assert.All(half.parameters(), p => Assert.Equal(ScalarType.Float16, p.dtype));
    }

    [Fact]
    public void Decoders_with_spatial_norm_and_attention_blocks_run()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        VQModel network = VQConfig.FromJson("""
            { "block_out_channels": [32, 64], "down_block_types": ["DownEncoderBlock2D", "AttnDownEncoderBlock2D"],
              "up_block_types": ["AttnUpDecoderBlock2D", "UpDecoderBlock2D"], "latent_channels": 4, "num_vq_embeddings": 16,
              "vq_embed_dim": 4, "norm_type": "spatial" }
            """).Build();
        Assert.Equal([1L, 3, 16, 8], network.call(rand(1, 3, 16, 8)).shape);
        Assert.Equal([1L, 3, 8, 4], network.DecodeIndices(zeros([1, 4, 2], ScalarType.Int64)).shape);
    }

    /// <summary>The tiny configuration with further options, which take the place of those it has.</summary>
    private static string With(string options)
    {
        JsonObject json = JsonNode.Parse("{" + Tiny + "}")!.AsObject();
        foreach ((string key, JsonNode? value) in JsonNode.Parse("{" + options + "}")!.AsObject()) json[key] = value?.DeepClone();
        return json.ToJsonString();
    }
}
