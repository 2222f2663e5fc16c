using LatentDiffusion.Evaluation;
using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>
/// The judge's own error: what it says of drawings that it never saw. Once as they are, and once as the model's
/// autoencoder gives them back, for that is as well as any generated picture can be drawn.
/// </summary>
internal static class Accuracy
{
    /// <param name="table">Takes a row for each kind of drawings.</param>
    /// <param name="judge">The judge.</param>
    /// <param name="autoencoder">The model's; null to leave those rows out.</param>
    /// <param name="count">Drawings of each kind.</param>
    /// <param name="confusions">Takes what is taken for what; null for nobody.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static void AddTo(
        AdherenceTable table, Classifier judge, IAutoencoder? autoencoder, int count, Confusions? confusions, CancellationToken cancellationToken)
    {
        var scorer = new JudgeScorer(judge);
        foreach (DrawingSplit split in Enum.GetValues<DrawingSplit>())
        {
            string name = split == DrawingSplit.Training ? "the judge itself, on unseen drawings" : "the judge itself, on drawings of held-out combinations";
            (ImageBuffer Image, string Caption)[] drawings = [.. new DrawingSet(DrawingSet.JudgesTest, split).Take(count)];
            table.Add(name, PromptAdherence.Measure(scorer, drawings, cancellationToken: cancellationToken));
            confusions?.Count(judge, drawings);
            if (autoencoder is null) continue;
            table.Add(
                $"{name}, after the autoencoder",
                PromptAdherence.Measure(scorer, drawings.Select(d => (Reconstructions.Of(autoencoder, d.Image), d.Caption)), cancellationToken: cancellationToken));
        }
    }
}
