namespace LatentDiffusion.Networks;

/// <summary>
/// The language model's tensors in files of Mistral and Mistral 3, which also have an image encoder, under the names of
/// <see cref="Qwen3Model"/>.
/// </summary>
internal static class MistralNames
{
    private const string Root = "model.";

    /// <summary>What the names of the language model begin with, for different versions of the transformers library.</summary>
    private static readonly string[] s_roots = ["language_model.model.", "model.language_model."];

    private static readonly string[] s_others =
        ["vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector.", "language_model.lm_head."];

    /// <summary>The tensors of the first layers.</summary>
    /// <param name="source">The file.</param>
    /// <param name="layers">Number of layers of the configuration.</param>
    /// <param name="depth">Number of layers of the network.</param>
    public static IEnumerable<MappedTensor> Map(ITensorSource source, int layers, int depth) =>
        from tensor in Qwen3Names.Map(source)
        where !s_others.Any(start => tensor.Name.StartsWith(start, StringComparison.Ordinal))
        let named = tensor with { Name = WithRoot(tensor.Name) }
        where depth == layers || !Qwen3Names.IsLater(named.Name, layers, depth)
        select named;

    private static string WithRoot(string name) =>
        s_roots.FirstOrDefault(root => name.StartsWith(root, StringComparison.Ordinal)) is { } found ? Root + name[found.Length..] : name;
}
