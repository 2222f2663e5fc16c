namespace LatentDiffusion.Networks;

/// <summary>
/// The tensors of T5's encoder in files, some of which also have a decoder, or the table of embeddings twice, or the names of llama.cpp.
/// </summary>
internal static class T5Names
{
    /// <summary>A tensor that each of these networks has.</summary>
    public const string Marker = "encoder.block.0.layer.0.SelfAttention.q.weight";

    private const string Shared = "shared.weight", Embedding = "encoder.embed_tokens.weight", Head = "lm_head.weight", Decoder = "decoder.",
        LlamaCppHead = "output.weight", LlamaCppDecoder = "dec.";

    private static readonly LlamaCppNames s_llamaCpp = new(
        "enc.", "encoder.block.",
        new Dictionary<string, string>
        {
            ["attn_norm"] = "layer.0.layer_norm", ["attn_q"] = "layer.0.SelfAttention.q", ["attn_k"] = "layer.0.SelfAttention.k",
            ["attn_v"] = "layer.0.SelfAttention.v", ["attn_o"] = "layer.0.SelfAttention.o",
            ["attn_rel_b"] = "layer.0.SelfAttention.relative_attention_bias",
            ["ffn_norm"] = "layer.1.layer_norm", ["ffn_gate"] = "layer.1.DenseReluDense.wi_0",
            ["ffn_up"] = "layer.1.DenseReluDense.wi_1", ["ffn_down"] = "layer.1.DenseReluDense.wo",
        },
        new Dictionary<string, string>
        {
            ["token_embd.weight"] = Shared, ["enc.output_norm.weight"] = "encoder.final_layer_norm.weight",
        });

    /// <summary>Whether a file has such a network.</summary>
    public static bool IsIn(ITensorSource source) =>
        source.Find(Marker) is not null || source.Find(s_llamaCpp.First("attn_q")) is not null;

    /// <summary>The encoder's tensors.</summary>
    public static IEnumerable<MappedTensor> Map(ITensorSource source)
    {
        bool hasShared = source.Find(Shared) is not null, isLlamaCpp = source.Find(s_llamaCpp.First("attn_q")) is not null;
        return
            from entry in source.Entries
            where entry.Name != Head && !entry.Name.StartsWith(Decoder, StringComparison.Ordinal)
            where !isLlamaCpp || (entry.Name != LlamaCppHead && !entry.Name.StartsWith(LlamaCppDecoder, StringComparison.Ordinal))
            where entry.Name != Embedding || !hasShared
            select new MappedTensor(
                entry.Name == Embedding ? Shared : isLlamaCpp ? s_llamaCpp.CurrentName(entry.Name) : entry.Name, entry);
    }
}
