namespace LatentDiffusion.Models;

/// <summary>The names of the original code of Z-Image, and those of the published folders for the same modules.</summary>
internal static class ZImageNames
{
    /// <summary>A module that only Z-Image has, in original files and in those with the names of folders.</summary>
    public const string Marker = "cap_embedder.";

    private const string Patch = "2-1";

    private static readonly IReadOnlyList<OriginalModule> s_block =
    [
        new("attention.qkv", "attention.to_q", "attention.to_k", "attention.to_v"),
        new("attention.out", "attention.to_out.0"),
        new("attention.q_norm", "attention.norm_q"),
        new("attention.k_norm", "attention.norm_k"),
    ];

    /// <summary>The names.</summary>
    public static readonly OriginalNames All = new(
        [
            new("x_embedder", $"all_x_embedder.{Patch}"),
            new("final_layer.linear", $"all_final_layer.{Patch}.linear"),
            new("final_layer.adaLN_modulation.1", $"all_final_layer.{Patch}.adaLN_modulation.1"),
        ],
        ("noise_refiner", "noise_refiner", s_block), ("context_refiner", "context_refiner", s_block), ("layers", "layers", s_block));

    /// <summary>Whether a tensor belongs to no network: a normalisation that files have and nothing reads.</summary>
    public static bool IsNote(string name) => name.EndsWith("norm_final.weight", StringComparison.Ordinal);
}
