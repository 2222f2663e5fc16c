using LatentDiffusion.Evaluation;
using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>How often a model draws what it is asked.</summary>
/// <param name="judge">Who judges.</param>
/// <param name="folder">Where the pictures are.</param>
/// <param name="make">Makes those that are missing, under a name.</param>
internal sealed class Adherence(Classifier judge, PictureFolder folder, Action<string, IReadOnlyList<PictureOrder>> make)
{
    private readonly JudgeScorer _scorer = new(judge);

    /// <summary>Adds a row of held-out combinations, all or a limited number, and counts what was drawn in place of what.</summary>
    public void AddHeldOut(AdherenceTable table, Confusions confusions, int? limit, int seeds, CancellationToken cancellationToken)
    {
        IReadOnlyList<DrawingCombination> combinations = HeldOutSample.Take(limit);
        int all = DrawingCatalog.HeldOut.Count;
        string name = combinations.Count == all ? $"all {all} held-out combinations" : $"{combinations.Count} of the {all} held-out combinations";
        confusions.Count(judge, Add(table, name, [.. combinations.Select(c => c.Caption(DrawingTemplate.DrawingOf))], seeds, cancellationToken));
    }

    /// <summary>Adds a row of the six prompts together, and one of each.</summary>
    public void AddPrompts(AdherenceTable table, int seeds, CancellationToken cancellationToken)
    {
        Add(table, "the six prompts", DrawingCatalog.Prompts, seeds, cancellationToken);
        foreach (string prompt in DrawingCatalog.Prompts) Add(table, prompt, [prompt], seeds, cancellationToken);
    }

    private IEnumerable<(ImageBuffer Image, string Prompt)> Add(AdherenceTable table, string name, IReadOnlyList<string> prompts, int seeds, CancellationToken cancellationToken)
    {
        PictureOrder[] orders = PictureOrder.Of(prompts, seeds);
        make(name, orders);
        table.Add(name, PromptAdherence.Measure(_scorer, folder.ReadAll(orders), cancellationToken: cancellationToken));
        return folder.ReadAll(orders);
    }
}
