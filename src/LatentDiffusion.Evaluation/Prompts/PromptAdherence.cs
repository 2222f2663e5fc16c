namespace LatentDiffusion.Evaluation;

/// <summary>How often generated pictures show what their prompts say, as a scorer judges it.</summary>
/// <param name="Scorer">What judged.</param>
/// <param name="Pictures">Number of pictures.</param>
/// <param name="Aspects">By aspect, in the order in which they first occurred.</param>
/// <param name="All">Pictures in which every aspect that the prompt speaks of is right.</param>
/// <param name="ByPrompt">The same by prompt: pictures in which everything is right.</param>
public sealed record PromptAdherence(
    string Scorer, int Pictures, IReadOnlyList<AspectAdherence> Aspects, Proportion All, IReadOnlyDictionary<string, Proportion> ByPrompt)
{
    private const double Right = 0.5;

    /// <summary>Scores pictures and sums up.</summary>
    /// <param name="scorer">The judge.</param>
    /// <param name="pictures">At least one picture with its prompt.</param>
    /// <param name="confidence">Of the intervals, in (0, 1). Default 0.95.</param>
    /// <param name="cancellationToken">Stops it before the next picture.</param>
    /// <exception cref="ArgumentException">There is no picture.</exception>
    /// <exception cref="InvalidOperationException">The scorer gave no score, one twice, or one that is not in [0, 1].</exception>
    public static PromptAdherence Measure(
        IPromptScorer scorer, IEnumerable<(ImageBuffer Image, string Prompt)> pictures, double confidence = 0.95, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(pictures);
        var scored = new List<(string Prompt, IReadOnlyList<PromptScore> Scores)>();
        foreach ((ImageBuffer image, string prompt) in pictures)
        {
            cancellationToken.ThrowIfCancellationRequested();
            scored.Add((prompt, Checked(scorer, scorer.Score(image, prompt), prompt)));
        }

        if (scored.Count == 0) throw new ArgumentException("At least one picture is needed.", nameof(pictures));
        return new PromptAdherence(
            scorer.Name, scored.Count,
            [.. scored.SelectMany(s => s.Scores).GroupBy(s => s.Aspect).Select(
                aspect => new AspectAdherence(aspect.Key, Share([.. aspect.Select(s => s.Score >= Right)], confidence), aspect.Average(s => s.Score)))],
            Share([.. scored.Select(s => AllRight(s.Scores))], confidence),
            scored.GroupBy(s => s.Prompt).ToDictionary(g => g.Key, g => Share([.. g.Select(s => AllRight(s.Scores))], confidence)));
    }

    private static bool AllRight(IReadOnlyList<PromptScore> scores) => scores.All(s => s.Score >= Right);

    private static Proportion Share(bool[] cases, double confidence) => Proportion.Of(cases.Count(c => c), cases.Length, confidence);

    private static IReadOnlyList<PromptScore> Checked(IPromptScorer scorer, IReadOnlyList<PromptScore> scores, string prompt)
    {
        if (scores.Count == 0) throw new InvalidOperationException($"'{scorer.Name}' gave no score for '{prompt}'.");
        if (scores.FirstOrDefault(s => s.Score is not (>= 0 and <= 1)) is { } wrong)
            throw new InvalidOperationException($"'{scorer.Name}' gave the {wrong.Aspect} of '{prompt}' the score {wrong.Score}; expected 0 to 1.");
        if (scores.GroupBy(s => s.Aspect).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidOperationException($"'{scorer.Name}' scored the {twice.Key} of '{prompt}' {twice.Count()} times.");
        return scores;
    }
}
