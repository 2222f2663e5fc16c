using LatentDiffusion.Evaluation;
using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>
/// Measures the error of the judge on unseen drawings: once unchanged, and once reconstructed by the model's autoencoder,
/// which limits how well a generated image can be drawn.
/// </summary>
internal static class Accuracy
{
    /// <param name="table">Receives one row for each kind of drawings.</param>
    /// <param name="judge">The judge.</param>
    /// <param name="autoencoder">The autoencoder of the model; null to skip those rows.</param>
    /// <param name="count">Drawings of each kind.</param>
    /// <param name="size">Width and height of the drawings in pixels.</param>
    /// <param name="confusions">Counts the mistakes; null for no count.</param>
    /// <param name="cancellationToken">Cancels the measurement.</param>
    public static void AddTo(
        AdherenceTable table,
        Classifier judge,
        IAutoencoder? autoencoder,
        int count,
        int size,
        Confusions? confusions,
        CancellationToken cancellationToken)
    {
        var scorer = new JudgeScorer(judge);
        foreach (DrawingSplit split in Enum.GetValues<DrawingSplit>())
        {
            string name = split == DrawingSplit.Training
                ? "the judge itself, on unseen drawings"
                : "the judge itself, on drawings of held-out combinations";
            (ImageBuffer Image, string Caption)[] drawings = [.. new DrawingSet(DrawingSet.JudgesTest, size, split).Take(count)];
            table.Add(name, PromptAdherence.Measure(scorer, drawings, cancellationToken: cancellationToken));
            confusions?.Count(judge, drawings);
            if (autoencoder is null) continue;
            var reconstructed = drawings.Select(d => (Reconstructions.Create(autoencoder, d.Image), d.Caption));
            table.Add(
                $"{name}, after the autoencoder",
                PromptAdherence.Measure(scorer, reconstructed, cancellationToken: cancellationToken));
        }
    }
}
