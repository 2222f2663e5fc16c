using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Default, ignored and refused values in any network's configuration.</summary>
public class ConfigDefaultsTests
{
    private const string Tiny = """
        { "block_out_channels": [16, 32], "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"], "sample_size": 8,
          "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"], "norm_num_groups": 8, "cross_attention_dim": 32, "attention_head_dim": 4 }
        """;

    private static readonly Dictionary<string, Func<string, NetworkConfig>> s_readers = new()
    {
        ["unet"] = UNet2DConditionConfig.FromJson, ["kl"] = AutoencoderKLConfig.FromJson, ["tiny"] = AutoencoderTinyConfig.FromJson,
        ["vq"] = VQConfig.FromJson,
        ["flux2"] = AutoencoderKLFlux2Config.FromJson,
        ["sd3"] = SD3TransformerConfig.FromJson, ["text"] = ClipTextConfig.FromJson, ["control"] = ControlNetConfig.FromJson,
        ["t2i"] = T2IAdapterConfig.FromJson, ["union"] = ControlNetUnionConfig.FromJson,
        ["t5"] = T5Config.FromJson, ["qwen3"] = Qwen3Config.FromJson,
        ["flux-transformer"] = FluxTransformerConfig.FromJson, ["flux2-transformer"] = Flux2TransformerConfig.FromJson,
        ["chroma"] = ChromaTransformerConfig.FromJson, ["z-image"] = ZImageTransformerConfig.FromJson,
    };

    public static TheoryData<string> Networks => [.. s_readers.Keys];

    [Theory, MemberData(nameof(Networks))]
    public void Null_is_the_default_of_every_option(string network)
    {
        NetworkConfig defaults = s_readers[network]("{}");
        JsonObject made = JsonNode.Parse((defaults with { Source = null }).ToJson())!.AsObject();
        var nulls = new JsonObject(made.Select(option => KeyValuePair.Create(option.Key, (JsonNode?)null)));
        NetworkConfig read = s_readers[network](nulls.ToJsonString());
        foreach (PropertyInfo property in read.GetType().GetProperties().Where(p => p.CanWrite))
        {
            object? expected = property.GetValue(defaults), actual = property.GetValue(read);
            // A value that null is one of is null: a U-Net without its middle.
            if (actual is null && new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable) continue;
            Assert.Equal(
                JsonSerializer.Serialize(expected, ModelConfigJson.Options),
                JsonSerializer.Serialize(actual, ModelConfigJson.Options));
        }

        Assert.True(JsonNode.DeepEquals(nulls, JsonNode.Parse(read.ToJson())));
    }

    [Theory, MemberData(nameof(Networks))]
    public void Unknown_options_that_are_off_are_passed_over(string network)
    {
        NetworkConfig read = s_readers[network]("""{ "a": null, "b": false, "c": "", "d": [], "e": {}, "_f": 1, "asks": 1, "too": "x" }""");
        Assert.Equal(["asks", "too"], read.IgnoredOptions);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("""{ "in_channels": 4, "in_channels": 4 }""")]
    [InlineData("""{ "\ud800": 1 }""")]
    [InlineData("""{ "act_fn": "\ud800" }""")]
    [InlineData("""{ "in_channels": "four" }""")]
    [InlineData("""{ "in_channels": 1e30 }""")]
    [InlineData("""{ "block_out_channels": [null] }""")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1")]
    [InlineData("<!DOCTYPE html><html></html>")]
    public void Text_that_is_not_a_configuration_is_invalid_data(string json)
    {
        foreach (Func<string, NetworkConfig> read in s_readers.Values)
        {
            // An option of other networks is not looked at.
            Exception? error = Record.Exception(() => read(json));
            Assert.True(error is InvalidDataException or null, error?.ToString());
        }

        Assert.Throws<InvalidDataException>(() => UNet2DConditionConfig.FromJson(json));
    }

    [Theory]
    [InlineData("layers_per_block", "1000000000")]
    [InlineData("transformer_layers_per_block", "1000000000")]
    [InlineData("transformer_layers_per_block", "[[1000, 1000], 60000]")]
    [InlineData("block_out_channels", "[1073741824, 1073741824]")]
    [InlineData("cross_attention_dim", "2147483647")]
    [InlineData("attention_head_dim", "3")]
    [InlineData("attention_head_dim", "0")]
    [InlineData("num_attention_heads", "-1")]
    [InlineData("conv_in_kernel", "2")]
    [InlineData("conv_out_kernel", "0")]
    [InlineData("norm_num_groups", "0")]
    [InlineData("norm_num_groups", "5")]
    [InlineData("block_out_channels", "[]")]
    [InlineData("mid_block_scale_factor", "0")]
    [InlineData("norm_eps", "-1")]
    [InlineData("time_embedding_dim", "-4")]
    [InlineData("in_channels", "0")]
    [InlineData("downsample_padding", "7")]
    public void A_network_that_cannot_be_is_refused_before_it_is_built(string option, string value)
    {
        JsonObject json = JsonNode.Parse(Tiny)!.AsObject();
        json[option] = JsonNode.Parse(value);
        var error = Assert.Throws<InvalidDataException>(() => UNet2DConditionConfig.FromJson(json.ToJsonString()));
        Assert.True(error.Message.Length < 1000);
    }

    [Theory]
    [InlineData("kl", "layers_per_block", "1000000000")]
    [InlineData("kl", "block_out_channels", "[33]")]
    [InlineData("kl", "latent_channels", "-1")]
    [InlineData("kl", "scaling_factor", "0")]
    [InlineData("kl", "latents_mean", "[1, 2]")]
    [InlineData("flux2", "patch_size", "[2, 1]")]
    [InlineData("sd3", "num_layers", "1000000000")]
    [InlineData("sd3", "num_attention_heads", "17")]
    [InlineData("sd3", "pos_embed_max_size", "100000")]
    [InlineData("sd3", "patch_size", "0")]
    [InlineData("sd3", "dual_attention_layers", "[18]")]
    [InlineData("sd3", "out_channels", "-1")]
    [InlineData("flux2", "decoder_block_out_channels", "[128]")]
    [InlineData("vq", "num_vq_embeddings", "2000000000")]
    [InlineData("vq", "norm_num_groups", "0")]
    [InlineData("tiny", "num_encoder_blocks", "[1, 3, 3, 1000000000]")]
    [InlineData("tiny", "encoder_block_out_channels", "[64]")]
    [InlineData("text", "num_hidden_layers", "1000000000")]
    [InlineData("text", "num_attention_heads", "0")]
    [InlineData("text", "vocab_size", "2000000000")]
    [InlineData("text", "hidden_size", "1000000000")]
    [InlineData("t5", "num_layers", "1000000000")]
    [InlineData("t5", "d_ff", "0")]
    [InlineData("t5", "relative_attention_num_buckets", "3")]
    [InlineData("t5", "relative_attention_max_distance", "8")]
    [InlineData("qwen3", "num_hidden_layers", "1000000000")]
    [InlineData("qwen3", "num_key_value_heads", "3")]
    [InlineData("qwen3", "head_dim", "5")]
    [InlineData("qwen3", "rope_theta", "0")]
    [InlineData("flux-transformer", "num_layers", "1000000000")]
    [InlineData("flux-transformer", "axes_dims_rope", "[16, 56, 57]")]
    [InlineData("flux-transformer", "num_attention_heads", "0")]
    [InlineData("flux2-transformer", "num_single_layers", "1000000000")]
    [InlineData("flux2-transformer", "mlp_ratio", "0")]
    [InlineData("flux2-transformer", "rope_theta", "0")]
    [InlineData("chroma", "approximator_layers", "-1")]
    [InlineData("chroma", "approximator_num_channels", "0")]
    [InlineData("chroma", "in_channels", "-4")]
    [InlineData("z-image", "n_layers", "1000000000")]
    [InlineData("z-image", "n_heads", "7")]
    [InlineData("z-image", "axes_dims", "[]")]
    [InlineData("z-image", "all_patch_size", "[0]")]
    [InlineData("control", "layers_per_block", "1000000000")]
    [InlineData("control", "conditioning_embedding_out_channels", "[]")]
    [InlineData("union", "num_control_type", "0")]
    [InlineData("union", "num_trans_layer", "1000000000")]
    [InlineData("union", "num_trans_head", "7")]
    [InlineData("union", "num_proj_channel", "64")]
    [InlineData("t2i", "channels", "[]")]
    [InlineData("t2i", "num_res_blocks", "0")]
    [InlineData("t2i", "downscale_factor", "1000000000")]
    public void The_same_holds_for_every_network(string network, string option, string value) =>
        Assert.Throws<InvalidDataException>(() => s_readers[network]($$"""{ "{{option}}": {{value}} }"""));

    [Fact]
    public void Networks_larger_than_any_are_refused_before_memory_is_taken()
    {
        UNet2DConditionConfig config = new UNet2DConditionConfig { BlockOutChannels = [65536, 65536, 65536, 65536] };
        Assert.Contains("parameters", Assert.Throws<ArgumentException>(() => config.Build()).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => config.BuildUninitialized());
    }
}
