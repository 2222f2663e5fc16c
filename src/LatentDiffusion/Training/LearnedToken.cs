using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Training;

/// <summary>A token that textual inversion learns.</summary>
public sealed record LearnedToken
{
    /// <summary>
    /// The token as it stands in captions and prompts, for example <c>&lt;cat-toy&gt;</c>. It is found wherever its text stands, also
    /// within a word, and upper and lower case differ.
    /// </summary>
    [Required]
    public required string Token { get; init; }

    /// <summary>Words that roughly describe it: training starts from their embeddings.</summary>
    [Required]
    public required string InitialText { get; init; }

    /// <summary>
    /// Number of vectors, at least 1, each of which takes the place of one token in the prompt. Null, the default, for as many as
    /// <see cref="InitialText"/> has tokens. With fewer, a vector starts as the mean of consecutive tokens; with more, the tokens repeat.
    /// </summary>
    [Range(1, 75)]
    public int? Vectors { get; init; }
}
