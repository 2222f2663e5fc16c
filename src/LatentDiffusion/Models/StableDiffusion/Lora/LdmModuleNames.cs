using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Models;

/// <summary>
/// Names that LoRA files give the modules of Stable Diffusion by the original U-Net's blocks, and that older files give those of
/// its text encoders. All are in underscores.
/// </summary>
internal static partial class LdmModuleNames
{
    /// <summary>Names that older files use for the same module, in underscores.</summary>
    private static readonly (string Old, string New)[] s_renamed =
    [
        ("self_attn_to_q", "self_attn_q_proj"),
        ("self_attn_to_k", "self_attn_k_proj"),
        ("self_attn_to_v", "self_attn_v_proj"),
        ("self_attn_to_out", "self_attn_out_proj"),
        ("in_layers_0", "norm1"),
        ("in_layers_2", "conv1"),
        ("out_layers_0", "norm2"),
        ("out_layers_3", "conv2"),
        ("emb_layers_1", "time_emb_proj"),
        ("skip_connection", "conv_shortcut"),
        ("time_embed_0", "time_embedding_linear_1"),
        ("time_embed_2", "time_embedding_linear_2"),
        ("label_emb_0_0", "add_embedding_linear_1"),
        ("label_emb_0_2", "add_embedding_linear_2"),
        ("input_blocks_0_0", "conv_in"),
        ("out_2", "conv_out"),
    ];

    /// <summary>The published name of a module.</summary>
    public static string Current(string module)
    {
        // Only the whole name: projections of attention end in to_out_0.
        if (module == "out_0") return "conv_norm_out";
        string renamed = OriginalBlock().Replace(module, Block);
        foreach ((string old, string now) in s_renamed)
            if (renamed == old || renamed.EndsWith($"_{old}", StringComparison.Ordinal)) return renamed[..^old.Length] + now;
        return renamed;
    }

    /// <summary>
    /// The original U-Nets number all blocks through: two of layers and one of resampling a level on the way down, three
    /// of layers a level on the way up, each a list of residual block, attention and resampling.
    /// </summary>
    private static string Block(Match match)
    {
        int Number(string group) => int.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
        int index = Number("index");
        if (match.Groups["way"].Value == "middle_block")
            return index == 1 ? "mid_block_attentions_0_" : $"mid_block_resnets_{index / 2}_";
        bool down = match.Groups["way"].Value == "input_blocks";
        (int level, int layer) = down ? Math.DivRem(index - 1, 3) : Math.DivRem(index, 3);
        string block = down ? $"down_blocks_{level}" : $"up_blocks_{level}";
        if (match.Groups["resample"].Success) return block + (down ? "_downsamplers_0_conv" : "_upsamplers_0_conv");
        return $"{block}_{(Number("part") == 0 ? "resnets" : "attentions")}_{layer}_";
    }

    [GeneratedRegex(
        """
        ^( (?<way>input_blocks|output_blocks)_(?<index>[0-9]{1,2})_(?<part>[0-9])_(?<resample>op$|conv$)?
        | (?<way>middle_block)_(?<index>[0-2])_
        )
        """,
        RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex OriginalBlock();
}
