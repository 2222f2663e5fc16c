using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>
/// Checks whether generated images are copies: compares the distance of each to the nearest drawing of a large part of the
/// training set with the same distance of drawings that were never trained on.
/// </summary>
internal static class NeighbourCheck
{
    private const int PairsShown = 12;

    /// <param name="generated">Generated images and their requests.</param>
    /// <param name="trainingSeed">Seed of the drawings that the model was trained on.</param>
    /// <param name="pool">Number of training drawings that are searched.</param>
    /// <param name="progress">Reports the number of training drawings read.</param>
    /// <param name="cancellationToken">Cancels the check.</param>
    public static NeighbourReport Run(
        IReadOnlyList<(ImageRequest Request, ImageBuffer Image)> generated,
        ulong trainingSeed,
        int pool,
        IProgress<int>? progress,
        CancellationToken cancellationToken)
    {
        var pixels = new PixelFeatures();
        int size = generated[0].Image.Width;
        var training = new DrawingSet(trainingSeed, size);
        using Tensor among = pixels.ExtractAll(training.Take(pool).Select(d => d.Image), progress, cancellationToken);
        using Tensor queries = pixels.ExtractAll(generated.Select(g => g.Image), cancellationToken: cancellationToken);
        IEnumerable<ImageBuffer> others = new DrawingSet(DrawingSet.Prompting, size).Take(generated.Count).Select(d => d.Image);
        using Tensor unseen = pixels.ExtractAll(others, cancellationToken: cancellationToken);
        var pairs = generated
            .Zip(NearestNeighbours.Find(queries, among), (g, n) => (Pair: Pair(g.Request, n), g.Image))
            .OrderBy(p => p.Pair.Distance)
            .ToArray();
        double[] distances = [.. NearestNeighbours.Find(unseen, among).Select(n => n.Distance).Order()];
        return new NeighbourReport(pixels.Name, pool, [.. pairs.Select(p => p.Pair)], distances)
        {
            GeneratedImages = [.. pairs.Select(p => p.Image).Take(PairsShown)],
            TrainingImages = [.. pairs.Take(PairsShown).Select(p => training.Read(p.Pair.TrainingIndex))],
        };

        NeighbourPair Pair(ImageRequest request, Neighbour nearest) => new(
            request.Prompt, request.Seed, nearest.Index, $"drawing {nearest.Index} of seed {trainingSeed}", nearest.Distance);
    }

    /// <summary>Writes the plot of the distances and a sheet of the nearest pairs, generated above and training below.</summary>
    public static void Draw(NeighbourReport report, string folder)
    {
        Directory.CreateDirectory(folder);
        SheetRow[] rows = [new("generated", [.. report.GeneratedImages]), new("trained on", [.. report.TrainingImages])];
        byte[] pairs = new SkiaImageCodec().EncodePng(SampleSheet.Draw(rows));
        byte[] plot = NeighbourPlot.Draw(report);
        AtomicFile.Write(Path.Combine(folder, "neighbours.png"), stream => stream.Write(pairs));
        AtomicFile.Write(Path.Combine(folder, "neighbour-distances.png"), stream => stream.Write(plot));
    }
}
