using System.Text.RegularExpressions;

namespace LatentDiffusion.Models;

/// <summary>
/// The names of the original latent-diffusion code (Rombach et al. 2022), in which single files are written, and ours
/// for the same tensors: all in one place.
/// </summary>
internal static class LdmNames
{
    /// <summary>Where each network begins.</summary>
    public const string UNet = "model.diffusion_model.", Autoencoder = "first_stage_model.";

    /// <summary>Where the blocks of the U-Net begin, which no other network has.</summary>
    public const string UNetBlocks = UNet + "input_blocks.";

    /// <summary>Where text encoders begin: CLIP's of 1.x, OpenCLIP's of 2.x, both of XL, and only OpenCLIP's in its refiner.</summary>
    public const string Clip = "cond_stage_model.transformer.", OpenClip = "cond_stage_model.model.",
        ClipXL = "conditioner.embedders.0.transformer.", OpenClipXL = "conditioner.embedders.1.model.",
        OpenClipRefiner = "conditioner.embedders.0.model.";

    /// <summary>Where a ControlNet begins, in a separate file or next to a model.</summary>
    public const string ControlNet = "control_model.";

    /// <summary>Parts of the U-Net's residual blocks.</summary>
    public static readonly (string Ldm, string Ours)[] Resnet =
    [
        ("in_layers.0", "norm1"), ("in_layers.2", "conv1"), ("emb_layers.1", "time_emb_proj"),
        ("out_layers.0", "norm2"), ("out_layers.3", "conv2"), ("skip_connection", "conv_shortcut"),
    ];

    /// <summary>Its changes of size.</summary>
    public static readonly (string Ldm, string Ours)[] Resize = [("op", "conv"), ("conv", "conv")];

    /// <summary>Names at the top of the U-Net.</summary>
    public static readonly (string Ldm, string Ours)[] UNetTop =
    [
        ("time_embed.0", "time_embedding.linear_1"), ("time_embed.2", "time_embedding.linear_2"),
        ("time_embed.cond_proj", "time_embedding.cond_proj"),
        ("label_emb.0.0", "add_embedding.linear_1"), ("label_emb.0.2", "add_embedding.linear_2"),
        ("input_blocks.0.0", "conv_in"), ("out.0", "conv_norm_out"), ("out.2", "conv_out"),
    ];

    /// <summary>
    /// The autoencoder's parts, replaced one after the other. Its upsampling levels are counted from the other end in addition.
    /// </summary>
    public static readonly (Regex Ldm, string Ours)[] AutoencoderParts =
    [
        (new(@"\.down\.([0-9]+)\.block\.([0-9]+)\."), ".down_blocks.$1.resnets.$2."),
        (new(@"\.down\.([0-9]+)\.downsample\."), ".down_blocks.$1.downsamplers.0."),
        (new(@"\.up\.([0-9]+)\.block\.([0-9]+)\."), ".up_blocks.$1.resnets.$2."),
        (new(@"\.up\.([0-9]+)\.upsample\."), ".up_blocks.$1.upsamplers.0."),
        (new(@"\.mid\.block_1\."), ".mid_block.resnets.0."),
        (new(@"\.mid\.block_2\."), ".mid_block.resnets.1."),
        (new(@"\.mid\.attn_1\.norm\."), ".mid_block.attentions.0.group_norm."),
        (new(@"\.mid\.attn_1\.([qkv])\."), ".mid_block.attentions.0.to_$1."),
        (new(@"\.mid\.attn_1\.proj_out\."), ".mid_block.attentions.0.to_out.0."),
        (new(@"\.nin_shortcut\."), ".conv_shortcut."),
        (new(@"coder\.norm_out\."), "coder.conv_norm_out."),
        // FLUX.2 has them within the halves.
        (new(@"^encoder\.quant_conv\."), "quant_conv."),
        (new(@"^decoder\.post_quant_conv\."), "post_quant_conv."),
    ];

    /// <summary>OpenCLIP's text tower, replaced one after the other.</summary>
    public static readonly (Regex Ldm, string Ours)[] OpenClipParts =
    [
        (new(@"^positional_embedding$"), "text_model.embeddings.position_embedding.weight"),
        (new(@"^token_embedding\."), "text_model.embeddings.token_embedding."),
        (new(@"^ln_final\."), "text_model.final_layer_norm."),
        (new(@"^text_projection$"), "text_projection.weight"),
        (new(@"^transformer\.resblocks\.([0-9]+)\."), "text_model.encoder.layers.$1."),
        (new(@"\.ln_([12])\."), ".layer_norm$1."),
        (new(@"\.mlp\.c_fc\."), ".mlp.fc1."),
        (new(@"\.mlp\.c_proj\."), ".mlp.fc2."),
        (new(@"\.attn\.out_proj\."), ".self_attn.out_proj."),
        (new(@"\.attn\.in_proj_(weight|bias)$"), ".self_attn.{0}_proj.$1"),
    ];

    /// <summary>Contents of files next to the networks: tables of the schedule, averages of weights, losses, training state.</summary>
    private static readonly Regex s_ignored = new(
        @"^(model_ema\.|(first_stage_model\.)?loss\.|denoiser\.|betas$|alphas_cumprod|sqrt_|log_one_minus_|posterior_"
        + @"|lvlb_weights$|logvar$|global_step$)"
        + @"|\.embeddings\.position_ids$|\.logit_scale$|\.attn_mask$");

    /// <summary>Whether a tensor belongs to no network: those above, and markers of the prediction type.</summary>
    public static bool IsNote(string name) => s_ignored.IsMatch(name) || LdmMarkers.Names.Contains(name);
}
