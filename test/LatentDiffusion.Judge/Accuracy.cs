using LatentDiffusion.Models.Drawings;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>The judge's own error.</summary>
internal static class Accuracy
{
    private const int BatchSize = 50;

    public static void Print(Classifier judge, int count, TextWriter output, CancellationToken cancellationToken)
    {
        output.WriteLine(Tally.Header);
        foreach (DrawingSplit split in Enum.GetValues<DrawingSplit>())
        {
            var source = new DrawingSource(Classifier.Seed + 1, split);
            var tally = new Tally();
            for (int start = 0; start < count; start += BatchSize)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Drawing[] drawings = [.. Enumerable.Range(start, Math.Min(BatchSize, count - start)).AsParallel().AsOrdered().Select(i => source.Draw(i))];
                using Tensor pixels = JudgeObjective.Pixels(drawings);
                foreach ((Drawing drawing, Verdict verdict) in drawings.Zip(judge.Judge(pixels)))
                    tally.Add(drawing.Combination with { Color = drawing.PaintedColor }, verdict);
            }

            output.WriteLine(tally.Row($"unseen drawings, {split} combinations"));
        }
    }
}
