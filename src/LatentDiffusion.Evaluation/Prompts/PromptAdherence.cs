using System.Text.Json;

namespace LatentDiffusion.Evaluation;

/// <summary>How often generated images show their prompts, according to a scorer.</summary>
/// <param name="Scorer">The scorer's name.</param>
/// <param name="ImageCount">Number of images.</param>
/// <param name="Aspects">Results by aspect, in the order of first occurrence.</param>
/// <param name="All">Images in which every aspect that the prompt mentions is right.</param>
/// <param name="ByPrompt">The same for each prompt.</param>
public sealed record PromptAdherence(
    string Scorer, int ImageCount, IReadOnlyList<AspectAdherence> Aspects, Proportion All,
    IReadOnlyDictionary<string, Proportion> ByPrompt)
{
    private const double Right = 0.5;

    /// <summary>Scores images and summarizes the scores.</summary>
    /// <param name="scorer">The scorer.</param>
    /// <param name="images">At least one image with its prompt.</param>
    /// <param name="confidence">Confidence of the intervals, in (0, 1). Default 0.95.</param>
    /// <param name="processes">
    /// Processes that score together, image i in process i mod N: all give the same images. Null, the default, for one process.
    /// </param>
    /// <param name="cancellationToken">Checked before each image.</param>
    /// <exception cref="ArgumentException">No images are given.</exception>
    /// <exception cref="InvalidOperationException">
    /// The scorer returned no scores, two for one aspect, or one outside [0, 1].
    /// </exception>
    public static PromptAdherence Measure(
        IPromptScorer scorer, IEnumerable<(ImageBuffer Image, string Prompt)> images, double confidence = 0.95,
        IProcessGroup? processes = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(images);
        (int rank, int size) = (processes?.Rank ?? 0, processes?.Size ?? 1);
        Scored[][] shared = [.. processes.Exchange(() =>
        {
            var own = new List<Scored>();
            foreach ((int i, (ImageBuffer image, string prompt)) in images.Index())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (i % size == rank) own.Add(new Scored(prompt, Checked(scorer, scorer.Score(image, prompt), prompt)));
            }

            return JsonSerializer.SerializeToUtf8Bytes(own.ToArray(), EvaluationJson.Default.ScoredArray);
        }).Select(message => JsonSerializer.Deserialize(message, EvaluationJson.Default.ScoredArray)!)];
        Scored[] scored = [.. Enumerable.Range(0, shared.Sum(s => s.Length)).Select(i => shared[i % size][i / size])];
        if (scored.Length == 0) throw new ArgumentException("At least one image is needed.", nameof(images));
        return new PromptAdherence(
            scorer.Name, scored.Length,
            [.. scored.SelectMany(s => s.Scores).GroupBy(s => s.Aspect).Select(aspect => new AspectAdherence(
                aspect.Key, Fraction([.. aspect.Select(s => s.Score >= Right)], confidence), aspect.Average(s => s.Score)))],
            Fraction([.. scored.Select(s => AllRight(s.Scores))], confidence),
            scored.GroupBy(s => s.Prompt).ToDictionary(g => g.Key, g => Fraction([.. g.Select(s => AllRight(s.Scores))], confidence)));
    }

    internal sealed record Scored(string Prompt, IReadOnlyList<PromptScore> Scores);

    private static bool AllRight(IReadOnlyList<PromptScore> scores) => scores.All(s => s.Score >= Right);

    private static Proportion Fraction(bool[] cases, double confidence) =>
        Proportion.FromCounts(cases.Count(c => c), cases.Length, confidence);

    private static IReadOnlyList<PromptScore> Checked(IPromptScorer scorer, IReadOnlyList<PromptScore> scores, string prompt)
    {
        if (scores.Count == 0) throw new InvalidOperationException($"'{scorer.Name}' gave no score for '{prompt}'.");
        if (scores.FirstOrDefault(s => s.Score is not (>= 0 and <= 1)) is { } wrong)
            throw new InvalidOperationException(
                $"'{scorer.Name}' gave the {wrong.Aspect} of '{prompt}' the score {wrong.Score}; expected 0 to 1.");
        if (scores.GroupBy(s => s.Aspect).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidOperationException($"'{scorer.Name}' scored the {twice.Key} of '{prompt}' {twice.Count()} times.");
        return scores;
    }
}
