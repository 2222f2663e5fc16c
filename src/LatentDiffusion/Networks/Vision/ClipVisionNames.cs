using System.Text.RegularExpressions;

namespace LatentDiffusion.Networks;

/// <summary>
/// The tensors of CLIP's vision tower in files, some of which also have the text tower, or the names of openai/CLIP, which OpenCLIP
/// has too.
/// </summary>
internal static class ClipVisionNames
{
    /// <summary>Where the tower begins in files of openai/CLIP.</summary>
    public const string Original = "visual.";

    private const string Parts = "{0}", Projection = "proj";

    /// <summary>Other contents of files of a whole CLIP, and a constant that older files stored among the weights.</summary>
    private static readonly string[] s_others = ["text_model.", "text_projection.", "logit_scale", "vision_model.embeddings.position_ids"];

    private static readonly string[] s_attention = ["q", "k", "v"];

    /// <summary>The names of openai/CLIP without the beginning, replaced one after the other.</summary>
    private static readonly (Regex Original, string Ours)[] s_names =
    [
        (new(@"^class_embedding$"), "vision_model.embeddings.class_embedding"),
        (new(@"^conv1\."), "vision_model.embeddings.patch_embedding."),
        (new(@"^positional_embedding$"), "vision_model.embeddings.position_embedding.weight"),
        (new(@"^ln_pre\."), "vision_model.pre_layrnorm."),
        (new(@"^ln_post\."), "vision_model.post_layernorm."),
        (new(@"^proj$"), "visual_projection.weight"),
        (new(@"^transformer\.resblocks\.([0-9]+)\."), "vision_model.encoder.layers.$1."),
        (new(@"\.ln_([12])\."), ".layer_norm$1."),
        (new(@"\.mlp\.c_fc\."), ".mlp.fc1."),
        (new(@"\.mlp\.c_proj\."), ".mlp.fc2."),
        (new(@"\.attn\.out_proj\."), ".self_attn.out_proj."),
        (new(@"\.attn\.in_proj_(weight|bias)$"), $".self_attn.{Parts}_proj.$1"),
    ];

    /// <summary>The tower's tensors. A name that is not known stays as it is, for loading to report.</summary>
    public static IEnumerable<MappedTensor> Map(ITensorSource source)
    {
        bool original = source.Entries.Any(entry => entry.Name.StartsWith(Original, StringComparison.Ordinal));
        return original
            ? source.Entries.Where(entry => entry.Name.StartsWith(Original, StringComparison.Ordinal)).SelectMany(Renamed)
            : source.Entries.Where(entry => !s_others.Any(other => entry.Name.StartsWith(other, StringComparison.Ordinal)))
                .Select(entry => new MappedTensor(entry.Name, entry));
    }

    private static IEnumerable<MappedTensor> Renamed(TensorEntry entry)
    {
        string name = entry.Name[Original.Length..];
        string ours = s_names.Aggregate(name, (changed, next) => next.Original.Replace(changed, next.Ours));
        if (!ours.Contains(Parts, StringComparison.Ordinal))
            return [new MappedTensor(ours, entry, name == Projection ? TensorView.Transposed : TensorView.Same)];
        return s_attention.Select((part, i) => new MappedTensor(ours.Replace(Parts, part, StringComparison.Ordinal), entry)
        {
            Rows = [RowRange.Part(entry, i, s_attention.Length)],
        });
    }
}
