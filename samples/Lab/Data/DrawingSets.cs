using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Models.Drawings;

namespace Lab;

/// <summary>The drawings of the experiment: of the subjects of the six prompts, so that minutes of training show something.</summary>
/// <param name="Training">What the model is trained on.</param>
/// <param name="Validation">Other drawings with captions as in training, for the curves.</param>
/// <param name="Unseen">Other drawings with captions as in training, for the test.</param>
/// <param name="UnseenCaptions">Drawings of combinations that are not among the training captions, for the test.</param>
internal sealed record DrawingSets(ImageList Training, ImageList Validation, ImageList Unseen, ImageList UnseenCaptions)
{
    private const int MostTraining = 3000, LeastTraining = 48, PerMinute = 400, MostHeldOut = 256, LeastHeldOut = 16;

    // Each set has a seed of its own: one seed and index is one drawing.
    private const ulong ToValidation = 10_000, ToTest = 20_000;

    /// <summary>The combinations that the six prompts describe.</summary>
    public static IReadOnlyList<DrawingCombination> Prompted { get; } =
        [.. DrawingCatalog.Prompts.Select(DrawingCombination.FromCaption)];

    public static IReadOnlySet<string> Subjects { get; } = Prompted.Select(combination => combination.Subject).ToHashSet();

    public static DrawingSets Draw(LabContext lab)
    {
        (int size, ulong seed) = (lab.Settings.Size, lab.Settings.Seed);
        double minutes = lab.Settings.Time.TotalMinutes;
        int training = (int)Math.Clamp(minutes * PerMinute, LeastTraining, MostTraining);
        int heldOut = Math.Clamp(training / 8, LeastHeldOut, MostHeldOut);
        lab.Log.Write($"drawing {training} training images of {size} x {size} pixels and {3 * heldOut} others");
        return new DrawingSets(
            Paint(new DrawingSource(seed, size: size), DrawingCatalog.Training, training, lab),
            Paint(new DrawingSource(unchecked(seed + ToValidation), size: size), DrawingCatalog.Training, heldOut, lab),
            Paint(new DrawingSource(unchecked(seed + ToTest), size: size), DrawingCatalog.Training, heldOut, lab),
            Paint(new DrawingSource(unchecked(seed + ToTest), DrawingSplit.HeldOut, size), DrawingCatalog.HeldOut, heldOut, lab));
    }

    private static ImageList Paint(
        DrawingSource source, IReadOnlyList<DrawingCombination> all, int count, LabContext lab)
    {
        DrawingCombination[] combinations = [.. all.Where(combination => Subjects.Contains(combination.Subject))];
        // All combinations in turn, in a mixed order.
        new Random(unchecked((int)lab.Settings.Seed)).Shuffle(combinations);
        return new ImageList(
        [
            .. Enumerable.Range(0, count).AsParallel().AsOrdered()
                .WithDegreeOfParallelism(Math.Min(lab.Settings.Threads, 64)).WithCancellation(lab.Cancellation)
                .Select(i =>
                {
                    Drawing drawing = source.Draw(combinations[i % combinations.Length], i);
                    return new CaptionedImage(
                        new ImageBuffer(drawing.Size, drawing.Size, drawing.Rgb.Span), drawing.Caption, $"drawing {i}");
                }),
        ]);
    }
}
