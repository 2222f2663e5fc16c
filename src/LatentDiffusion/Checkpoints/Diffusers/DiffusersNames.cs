using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Former names of tensors in diffusers folders, and the current names for them.</summary>
internal static class DiffusersNames
{
    /// <summary>A constant that older text towers stored among their weights: 0, 1, 2, … [1, positions], int64.</summary>
    public const string PositionIds = "text_model.embeddings.position_ids";

    /// <summary>Former names in the attention of autoencoders.</summary>
    private static readonly (string Old, string New)[] s_attention =
    [
        (".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0."),
    ];

    /// <summary>The network's tensors in a file of a component.</summary>
    public static IEnumerable<MappedTensor> Map(ITensorSource source) =>
        from entry in source.Entries where entry.Name != PositionIds select Map(entry);

    /// <summary>The current name of a stored tensor.</summary>
    public static string CurrentName(string stored)
    {
        (string old, string today) = s_attention.FirstOrDefault(a => stored.Contains(".attentions.") && stored.Contains(a.Old));
        return old is null ? stored : stored.Replace(old, today, StringComparison.Ordinal);
    }

    /// <summary>The constant of <see cref="PositionIds"/>.</summary>
    public static Tensor MakePositionIds(long positions)
    {
        using Tensor numbers = TensorArithmetic.Range(positions, ScalarType.Int64, CPU);
        return numbers.unsqueeze(0);
    }

    private static MappedTensor Map(TensorEntry entry)
    {
        string name = CurrentName(entry.Name);
        // The old attention was a convolution in some files.
        return new MappedTensor(name, entry, name == entry.Name ? TensorView.Same : TensorView.Matrix);
    }
}
