using System.Text.RegularExpressions;

namespace LatentDiffusion.Models;

/// <summary>
/// How LoRA files name the transformer of Stable Diffusion 3: in the way of peft and diffusers, and by the original names in the ways of
/// ComfyUI and kohya, which have queries, keys and values as one.
/// </summary>
internal static partial class SD3Lora
{
    /// <summary>The transformer, which a file means that marks no component, and the text encoders.</summary>
    public static IReadOnlyList<LoraComponent> Components { get; } =
    [
        new(ComponentNames.Transformer)
        {
            Prefixes = ["diffusion_model.", "lora_unet_", "lora_transformer_", "lycoris_"],
            TrainedLayers =
                ["to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"],
            CurrentName = CurrentName, JoinedNames = JoinedNames,
        },
        TextLora.Clip(ComponentNames.TextEncoder, "lora_te1_", "text_encoders.clip_l.transformer."),
        TextLora.Clip(ComponentNames.TextEncoder2, "lora_te2_", "text_encoders.clip_g.transformer."),
        TextLora.T5(ComponentNames.TextEncoder3, "lora_te3_", "text_encoders.t5xxl.transformer."),
    ];

    // The modulation of the text is missing: in the last block its rows have another order, which a patch cannot follow.
    private static readonly (string Original, string Ours)[] s_renamed =
    [
        ("x_block_adaLN_modulation_1", "norm1_linear"),
        ("x_block_attn_proj", "attn_to_out_0"), ("context_block_attn_proj", "attn_to_add_out"), ("x_block_attn2_proj", "attn2_to_out_0"),
        ("x_block_mlp_fc1", "ff_net_0_proj"), ("x_block_mlp_fc2", "ff_net_2"),
        ("context_block_mlp_fc1", "ff_context_net_0_proj"), ("context_block_mlp_fc2", "ff_context_net_2"),
    ];

    private static readonly (string Original, string[] Ours)[] s_joined =
    [
        ("x_block_attn_qkv", ["attn_to_q", "attn_to_k", "attn_to_v"]),
        ("context_block_attn_qkv", ["attn_add_q_proj", "attn_add_k_proj", "attn_add_v_proj"]),
        ("x_block_attn2_qkv", ["attn2_to_q", "attn2_to_k", "attn2_to_v"]),
    ];

    private static readonly Dictionary<string, string> s_top = new()
    {
        ["x_embedder_proj"] = "pos_embed_proj", ["final_layer_linear"] = "proj_out",
        ["t_embedder_mlp_0"] = "time_text_embed_timestep_embedder_linear_1",
        ["t_embedder_mlp_2"] = "time_text_embed_timestep_embedder_linear_2",
        ["y_embedder_mlp_0"] = "time_text_embed_text_embedder_linear_1",
        ["y_embedder_mlp_2"] = "time_text_embed_text_embedder_linear_2",
    };

    private static string CurrentName(string module)
    {
        if (Block().Match(module) is not { Success: true } match) return s_top.GetValueOrDefault(module, module);
        string part = module[match.Length..];
        return s_renamed.FirstOrDefault(known => known.Original == part).Ours is { } ours ? Path(match, ours) : module;
    }

    private static string[]? JoinedNames(string module)
    {
        if (Block().Match(module) is not { Success: true } match) return null;
        string part = module[match.Length..];
        return s_joined.FirstOrDefault(known => known.Original == part).Ours?.Select(ours => Path(match, ours)).ToArray();
    }

    private static string Path(Match block, string part) => $"transformer_blocks_{block.Groups[1].Value}_{part}";

    [GeneratedRegex("^joint_blocks_([0-9]{1,4})_")]
    private static partial Regex Block();
}
