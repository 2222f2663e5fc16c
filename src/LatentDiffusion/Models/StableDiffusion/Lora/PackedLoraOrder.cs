using System.Text.RegularExpressions;

namespace LatentDiffusion.Models;

/// <summary>The order in which the first LoRA trainer for Stable Diffusion numbers the modules of its networks.</summary>
internal static partial class PackedLoraOrder
{
    /// <summary>Modules within a transformer block of the UNet, in the order of the time's diffusers.</summary>
    private static readonly string[] s_block =
    [
        "attn1.to_q", "attn1.to_k", "attn1.to_v", "attn1.to_out.0", "ff.net.0.proj",
        "attn2.to_q", "attn2.to_k", "attn2.to_v", "attn2.to_out.0",
    ];

    /// <summary>Modules within a text tower's attention, in order.</summary>
    private static readonly string[] s_attention = ["self_attn.k_proj", "self_attn.v_proj", "self_attn.q_proj", "self_attn.out_proj"];

    /// <summary>Where the modules above stand in the UNet: PyTorch visits the middle block last, for it is registered last.</summary>
    private static readonly string[] s_ways = ["down_blocks", "up_blocks", "mid_block"];

    /// <summary>The parameters of a network in the order that the numbers count.</summary>
    public static string[] ForTarget(LoraTarget target)
    {
        string[] inner = target.Component == ComponentNames.UNet ? s_block : s_attention;
        return
        [
            .. from name in target.Shapes.Keys
               let module = Array.FindIndex(inner, i => name.EndsWith($".{i}.weight", StringComparison.Ordinal))
               where module >= 0
               let path = name[..^(inner[module].Length + ".weight".Length)]
               orderby Array.FindIndex(s_ways, way => path.StartsWith(way, StringComparison.Ordinal)), Sortable(path), module
               select name,
        ];
    }

    /// <summary>Numbers of equal width, so that ordinal order is the order of numbers.</summary>
    private static string Sortable(string path) => Number().Replace(path, n => n.Value.PadLeft(4, '0'));

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}
