using System.Text.Json.Nodes;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Configurations as they stand in published repositories are read, built without memory, and written back as they were.</summary>
public class PublishedConfigTests
{
    private const string Blocks = """
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
        "act_fn": "silu", "block_out_channels": [320, 640, 1280, 1280], "center_input_sample": false, "downsample_padding": 1,
        "flip_sin_to_cos": true, "freq_shift": 0, "layers_per_block": 2, "mid_block_scale_factor": 1, "norm_eps": 1e-05,
        "norm_num_groups": 32
        """;

    private const string Later = """
        "conv_in_kernel": 3, "conv_out_kernel": 3, "cross_attention_norm": null, "addition_embed_type_num_heads": 64,
        "attention_type": "default",
        "class_embed_type": null, "class_embeddings_concat": false, "dual_cross_attention": false,
        "encoder_hid_dim": null, "encoder_hid_dim_type": null,
        "mid_block_only_cross_attention": null, "mid_block_type": "UNetMidBlock2DCrossAttn",
        "num_attention_heads": null, "num_class_embeds": null,
        "only_cross_attention": false, "resnet_out_scale_factor": 1.0, "resnet_skip_time_act": false, "resnet_time_scale_shift": "default",
        "reverse_transformer_layers_per_block": null, "dropout": 0.0, "time_embedding_act_fn": null, "time_embedding_dim": null,
        "time_embedding_type": "positional", "timestep_post_act": null
        """;

    /// <summary>Published: 1.3 and 0.32 billion parameters.</summary>
    [Theory]
    [InlineData(
        """
        "block_out_channels": [320, 640, 1280], "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"], "mid_block_type": "UNetMidBlock2D",
        "attention_head_dim": [5, 10, 20],
        "transformer_layers_per_block": [1, [2, 2], [4, 4]], "reverse_transformer_layers_per_block": [[4, 4, 10], [2, 1, 1], 1],
        "cross_attention_dim": 2048, "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
        "use_linear_projection": true, "layers_per_block": 2
        """, 1_300_000_000, 1_350_000_000)]
    [InlineData(
        """
        "block_out_channels": [320, 640, 1280],
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"], "mid_block_type": null,
        "attention_head_dim": 8,
        "cross_attention_dim": 768, "layers_per_block": [1, 1, 1]
        """, 315_000_000, 330_000_000)]
    public void Distilled_UNets_have_the_published_size(string options, long least, long most)
    {
        using UNet2DConditionModel network = UNet2DConditionConfig.FromJson("{" + options + "}").BuildUninitialized(META);
        Assert.InRange(network.parameters().Sum(p => p.NumberOfElements), least, most);
    }

    [Theory]
    [InlineData(
        """
        "_class_name": "UNet2DConditionModel", "_diffusers_version": "0.6.0", "attention_head_dim": 8,
        "cross_attention_dim": 768, "in_channels": 4, "out_channels": 4, "sample_size": 64
        """)]
    [InlineData(
        """
        "_class_name": "UNet2DConditionModel", "_diffusers_version": "0.6.0", "attention_head_dim": 8,
        "cross_attention_dim": 768, "in_channels": 9, "out_channels": 4, "sample_size": 64
        """)]
    [InlineData(
        """
        "_diffusers_version": "0.8.0", "attention_head_dim": [5, 10, 20, 20], "cross_attention_dim": 1024,
        "in_channels": 4, "out_channels": 4, "sample_size": 96, "dual_cross_attention": false,
        "use_linear_projection": true, "only_cross_attention": false, "num_class_embeds": null, "upcast_attention": true
        """)]
    [InlineData(
        """
        "_name_or_path": "a", "attention_head_dim": 8, "cross_attention_dim": 768, "in_channels": 4, "out_channels": 4,
        "sample_size": 64, "time_cond_proj_dim": 256, "transformer_layers_per_block": 1, "upcast_attention": false,
        "use_linear_projection": false,
        """ + Later)]
    [InlineData(
        """
        "attention_head_dim": 8, "cross_attention_dim": 1024, "in_channels": 7, "out_channels": 4, "sample_size": 128,
        "num_class_embeds": 1000, "use_linear_projection": true, "only_cross_attention": [true, true, true, false]
        """)]
    public void UNets(string own)
    {
        string json = "{" + Blocks + ", " + own + "}";
        UNet2DConditionConfig config = UNet2DConditionConfig.FromJson(json);
        using (config.BuildUninitialized(META)) Same(json, config);
    }

    [Theory]
    [InlineData("\"latent_channels\": 4, \"scaling_factor\": 0.18215", 4)]
    [InlineData(
        """
        "latent_channels": 4, "scaling_factor": 0.13025, "force_upcast": true, "latents_mean": null, "latents_std": null
        """, 4)]
    [InlineData(
        """
        "latent_channels": 16, "scaling_factor": 1.5305, "shift_factor": 0.0609, "use_quant_conv": false,
        "use_post_quant_conv": false, "mid_block_add_attention": true, "force_upcast": true
        """, 16)]
    public void Autoencoders(string own, int channels)
    {
        string json = $$"""
            { "_class_name": "AutoencoderKL", "_diffusers_version": "0.6.0", "act_fn": "silu", "block_out_channels": [128, 256, 512, 512],
              "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
              "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
              "in_channels": 3, "layers_per_block": 2, "norm_num_groups": 32, "out_channels": 3, "sample_size": 512, {{own}} }
            """;
        AutoencoderKLConfig config = AutoencoderKLConfig.FromJson(json);
        using AutoencoderKL network = config.BuildUninitialized(META);
        Assert.Equal(channels, network.state_dict()["decoder.conv_in.weight"].shape[1]);
        Same(json, config);
    }

    [Theory]
    [InlineData(
        """
        "architectures": ["CLIPTextModel"], "hidden_act": "quick_gelu", "hidden_size": 768, "intermediate_size": 3072,
        "num_attention_heads": 12, "num_hidden_layers": 12, "projection_dim": 768, "eos_token_id": 2, "pad_token_id": 1
        """, 196)]
    [InlineData(
        """
        "architectures": ["CLIPTextModel"], "hidden_act": "gelu", "hidden_size": 1024, "intermediate_size": 4096,
        "num_attention_heads": 16, "num_hidden_layers": 23, "projection_dim": 512, "eos_token_id": 2, "pad_token_id": 1
        """, 372)]
    [InlineData(
        """
        "architectures": ["CLIPTextModelWithProjection"], "hidden_act": "gelu", "hidden_size": 1280,
        "intermediate_size": 5120, "num_attention_heads": 20, "num_hidden_layers": 32, "projection_dim": 1280,
        "eos_token_id": 2, "pad_token_id": 1
        """, 517)]
    public void TextTowers(string own, int parameters)
    {
        string json = $$"""
            { "_name_or_path": "a/b", "attention_dropout": 0.0, "bos_token_id": 0, "dropout": 0.0,
              "initializer_factor": 1.0, "initializer_range": 0.02,
              "layer_norm_eps": 1e-05, "max_position_embeddings": 77, "model_type": "clip_text_model", "torch_dtype": "float16",
              "transformers_version": "4.32.0.dev0", "vocab_size": 49408, {{own}} }
            """;
        ClipTextConfig config = ClipTextConfig.FromJson(json);
        using ClipTextModel network = config.BuildUninitialized(json.Contains("WithProjection"), META);
        Assert.Equal(parameters, network.state_dict().Count);
        Same(json, config);
    }

    private static void Same(string json, NetworkConfig config) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), JsonNode.Parse(config.ToJson())));
}
