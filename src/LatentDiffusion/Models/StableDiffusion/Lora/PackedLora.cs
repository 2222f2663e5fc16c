using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Models;

/// <summary>
/// The files of the first LoRA trainer for Stable Diffusion, which number the modules in the order in which PyTorch
/// visits them instead of naming them: <c>unet:17:up</c>. Their strength is always the rank.
/// </summary>
internal static partial class PackedLora
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

    /// <summary>What trained modules stood in, as the metadata says. Others would shift the numbers.</summary>
    private static readonly HashSet<string> s_containers = ["CrossAttention", "Attention", "GEGLU", "CLIPAttention"];

    /// <summary>Whether a name is of this kind.</summary>
    public static bool IsKey(string name) => Key().IsMatch(name);

    /// <summary>Finds the parameter that a numbered name means; null where the network has fewer.</summary>
    public static (LoraKey.Part Role, string Component, string? Parameter) Find(
        string name,
        IReadOnlyDictionary<string, string[]> order)
    {
        Match match = Key().Match(name);
        string component = match.Groups["component"].Value;
        LoraKey.Part role = match.Groups["part"].Value == "up" ? LoraKey.Part.Up : LoraKey.Part.Down;
        bool isKnown = int.TryParse(match.Groups["index"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            && order.TryGetValue(component, out string[]? parameters)
            && index < parameters.Length;
        return (role, component, isKnown ? order[component][index] : null);
    }

    /// <summary>The parameters of a network in the order that the numbers count.</summary>
    public static string[] Order(LoraTarget target)
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

    /// <summary>Refuses files whose metadata lists other containers than these.</summary>
    /// <exception cref="FormatException">It lists another.</exception>
    public static void Check(IReadOnlyDictionary<string, string> metadata)
    {
        foreach (string component in new[] { ComponentNames.UNet, ComponentNames.TextEncoder })
        {
            if (!metadata.TryGetValue(component, out string? json)) continue;
            string?[] containers;
            try
            {
                containers = JsonSerializer.Deserialize<string?[]>(json) ?? [];
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
            {
                throw new FormatException($"The metadata '{component}' is not a list of names.", e);
            }

            if (containers.Select(c => c ?? "null").FirstOrDefault(c => !s_containers.Contains(c)) is { } other)
                throw new FormatException($"It numbers the modules of '{other}' too; known are {string.Join(", ", s_containers)}.");
        }
    }

    /// <summary>Numbers of equal width, so that ordinal order is the order of numbers.</summary>
    private static string Sortable(string path) => Number().Replace(path, n => n.Value.PadLeft(4, '0'));

    [GeneratedRegex(@"^(?<component>unet|text_encoder):(?<index>[0-9]+):(?<part>up|down)$")]
    private static partial Regex Key();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}
