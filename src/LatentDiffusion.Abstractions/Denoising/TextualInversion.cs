namespace LatentDiffusion;

/// <summary>
/// A token with learned embeddings (textual inversion: Gal et al. 2022): one or several vectors that stand in the prompt where
/// the token does. Immutable.
/// </summary>
public sealed class TextualInversion
{
    /// <summary>Name of the embedding of the first text tower of SDXL.</summary>
    public const string FirstTower = "clip_l";

    /// <summary>Name of the embedding of the second text tower of SDXL.</summary>
    public const string SecondTower = "clip_g";

    /// <summary>Name of an embedding whose file does not name a text tower: that of a model with one.</summary>
    public const string OnlyTower = "";

    /// <summary>Describes a token.</summary>
    /// <param name="token">The token as it stands in prompts, for example <c>&lt;cat-toy&gt;</c>. Upper and lower case differ.</param>
    /// <param name="embeddings">
    /// Embeddings by the name of the text tower (<see cref="OnlyTower"/>, <see cref="FirstTower"/>, <see cref="SecondTower"/>), each
    /// [vectors, width] with the same number of vectors, at least 1.
    /// </param>
    /// <param name="source">Name of the file that they come from; null for none.</param>
    /// <exception cref="ArgumentException">The token is blank or ends in white space, or the embeddings do not fit each other.</exception>
    public TextualInversion(string token, IReadOnlyDictionary<string, float[,]> embeddings, string? source = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(token);
        ArgumentNullException.ThrowIfNull(embeddings);
        if (token.Trim() != token)
            throw new ArgumentException($"The token is '{token}'; expected one without white space at its ends.", nameof(token));
        int[] counts = [.. embeddings.Values.Select(e => e.GetLength(0)).Distinct().Order()];
        if (counts is not [> 0])
        {
            string found = counts.Length == 0 ? "no" : string.Join(" and ", counts);
            throw new ArgumentException(
                $"The embeddings of '{token}' have {found} vectors; expected as many for each text tower, at least 1.", nameof(embeddings));
        }

        (Token, Embeddings, Vectors, Source) = (token, embeddings, counts[0], source);
    }

    /// <summary>The token as it stands in prompts.</summary>
    public string Token { get; }

    /// <summary>Number of vectors, each of which takes the place of one token in the prompt.</summary>
    public int Vectors { get; }

    /// <summary>Embeddings by the name of the text tower, each [vectors, width].</summary>
    public IReadOnlyDictionary<string, float[,]> Embeddings { get; }

    /// <summary>Name of the file that they come from; null for none.</summary>
    public string? Source { get; }
}
