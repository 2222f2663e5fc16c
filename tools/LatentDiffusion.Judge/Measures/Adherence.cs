using LatentDiffusion.Evaluation;
using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>Measures how often a model draws what the prompt says.</summary>
/// <param name="judge">The judge.</param>
/// <param name="folder">The generated images.</param>
/// <param name="make">Generates the missing ones, with a name for the progress.</param>
internal sealed class Adherence(Classifier judge, GeneratedImages folder, Action<string, IReadOnlyList<ImageRequest>> make)
{
    private readonly JudgeScorer _scorer = new(judge);

    /// <summary>Adds a row of held-out combinations, all or a limited number, and counts the mistakes.</summary>
    public void AddHeldOut(AdherenceTable table, Confusions confusions, int? limit, int seeds, CancellationToken cancellationToken)
    {
        IReadOnlyList<DrawingCombination> combinations = HeldOutSample.Take(limit);
        int all = DrawingCatalog.HeldOut.Count;
        string name = combinations.Count == all
            ? $"all {all} held-out combinations"
            : $"{combinations.Count} of the {all} held-out combinations";
        string[] prompts = [.. combinations.Select(c => c.Caption(DrawingTemplate.DrawingOf))];
        confusions.Count(judge, Add(table, name, prompts, seeds, cancellationToken));
    }

    /// <summary>Adds one row for the six prompts together, and one for each.</summary>
    public void AddPrompts(AdherenceTable table, int seeds, CancellationToken cancellationToken)
    {
        Add(table, "the six prompts", DrawingCatalog.Prompts, seeds, cancellationToken);
        foreach (string prompt in DrawingCatalog.Prompts) Add(table, prompt, [prompt], seeds, cancellationToken);
    }

    private IEnumerable<(ImageBuffer Image, string Prompt)> Add(
        AdherenceTable table,
        string name,
        IReadOnlyList<string> prompts,
        int seeds,
        CancellationToken cancellationToken)
    {
        ImageRequest[] requests = ImageRequest.Create(prompts, seeds);
        make(name, requests);
        table.Add(name, PromptAdherence.Measure(_scorer, folder.ReadAll(requests), cancellationToken: cancellationToken));
        return folder.ReadAll(requests);
    }
}
