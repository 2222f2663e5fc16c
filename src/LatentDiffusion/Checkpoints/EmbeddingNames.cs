namespace LatentDiffusion.Checkpoints;

/// <summary>Names of tensors in files of learned embeddings.</summary>
internal static class EmbeddingNames
{
    /// <summary>Known names, for messages.</summary>
    public const string Expected =
        "one tensor under its token, or string_to_param, emb_params, clip_l and clip_g, or text_encoders_0 and text_encoders_1";

    private const string WebUi = "string_to_param.";

    // Names of text towers or kinds of files rather than tokens.
    private static readonly (string Name, string Tower)[] s_known =
    [
        ("", TextualInversion.OnlyTower), ("emb_params", TextualInversion.OnlyTower),
        ("clip_l", TextualInversion.FirstTower), ("clip_g", TextualInversion.SecondTower),
        ("text_encoders_0", TextualInversion.FirstTower), ("text_encoders_1", TextualInversion.SecondTower),
    ];

    /// <summary>Whether the only tensor of a file has its token for its name, as diffusers writes it.</summary>
    public static bool IsToken(string name) => !name.StartsWith(WebUi, StringComparison.Ordinal) && s_known.All(k => k.Name != name);

    /// <summary>The text towers that tensors are for; null where they are not one embedding.</summary>
    /// <param name="names">Names of all tensors of the embedding.</param>
    public static IReadOnlyList<(string Tower, string Tensor)>? Towers(IReadOnlyCollection<string> names)
    {
        (string Tower, string Tensor)[] found = [.. names.Select(name => (Tower(name), name))];
        bool isPair = found.All(f => f.Tower != TextualInversion.OnlyTower) && found.DistinctBy(f => f.Tower).Count() == found.Length;
        return found.Length == 1 || (found.Length > 1 && isPair) ? found : null;
    }

    private static string Tower(string name)
    {
        int index = Array.FindIndex(s_known, k => k.Name == name);
        return index < 0 ? TextualInversion.OnlyTower : s_known[index].Tower;
    }
}
