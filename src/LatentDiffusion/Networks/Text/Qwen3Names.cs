using System.Globalization;

namespace LatentDiffusion.Networks;

/// <summary>
/// The tensors of Qwen3 in files, some of which also have the head that predicts tokens, or names without <c>model.</c>, or those of
/// llama.cpp.
/// </summary>
internal static class Qwen3Names
{
    private const string Root = "model.", Layers = "model.layers.", FinalNorm = "model.norm.weight", Head = "lm_head.weight",
        LlamaCppHead = "output.weight", QueryNorm = "self_attn.q_norm.weight";

    private static readonly string[] s_withoutRoot = ["embed_tokens.", "layers.", "norm."];

    private static readonly LlamaCppNames s_llamaCpp = new(
        "", Layers,
        new Dictionary<string, string>
        {
            ["attn_norm"] = "input_layernorm", ["attn_q"] = "self_attn.q_proj", ["attn_k"] = "self_attn.k_proj",
            ["attn_v"] = "self_attn.v_proj", ["attn_output"] = "self_attn.o_proj", ["attn_q_norm"] = "self_attn.q_norm",
            ["attn_k_norm"] = "self_attn.k_norm", ["ffn_norm"] = "post_attention_layernorm", ["ffn_gate"] = "mlp.gate_proj",
            ["ffn_up"] = "mlp.up_proj", ["ffn_down"] = "mlp.down_proj",
        },
        new Dictionary<string, string>
        {
            ["token_embd.weight"] = "model.embed_tokens.weight", ["output_norm.weight"] = FinalNorm,
        });

    /// <summary>Whether a file has such a network.</summary>
    public static bool IsIn(ITensorSource source) =>
        source.Find($"{Layers}0.{QueryNorm}") is not null || source.Find($"layers.0.{QueryNorm}") is not null || IsLlamaCpp(source);

    /// <summary>All tensors of the network.</summary>
    /// <param name="source">The file.</param>
    public static IEnumerable<MappedTensor> Map(ITensorSource source)
    {
        bool isLlamaCpp = IsLlamaCpp(source);
        return from entry in source.Entries
               where entry.Name != (isLlamaCpp ? LlamaCppHead : Head)
               select new MappedTensor(isLlamaCpp ? s_llamaCpp.CurrentName(entry.Name) : WithRoot(entry.Name), entry);
    }

    /// <summary>The tensors of the first layers.</summary>
    /// <param name="source">The file.</param>
    /// <param name="layers">Number of layers of the configuration.</param>
    /// <param name="depth">Number of layers of the network.</param>
    public static IEnumerable<MappedTensor> Map(ITensorSource source, int layers, int depth) =>
        Map(source).Where(tensor => depth == layers || !IsLater(tensor.Name, layers, depth));

    private static bool IsLlamaCpp(ITensorSource source) => source.Find(s_llamaCpp.First("attn_q_norm")) is not null;

    private static string WithRoot(string name) =>
        s_withoutRoot.Any(start => name.StartsWith(start, StringComparison.Ordinal)) ? Root + name : name;

    /// <summary>Whether a tensor is of a layer that a network with the first layers does not have.</summary>
    internal static bool IsLater(string name, int layers, int depth)
    {
        if (name == FinalNorm) return true;
        if (!name.StartsWith(Layers, StringComparison.Ordinal)) return false;
        string number = name[Layers.Length..].Split('.')[0];
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int layer) && layer >= depth && layer < layers;
    }
}
