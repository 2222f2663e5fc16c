using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>
/// Whether generated pictures are copies: the nearest drawing of a large part of the training set to each, beside the
/// nearest to drawings that were never trained on.
/// </summary>
internal static class NeighbourCheck
{
    private const int PairsShown = 12;

    /// <param name="generated">Generated pictures, with what they were ordered as.</param>
    /// <param name="trainingSeed">Seed of the drawings that the model was trained on.</param>
    /// <param name="pool">How many of them are looked among.</param>
    /// <param name="progress">Told the number of training drawings read.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static NeighbourReport Run(
        IReadOnlyList<(PictureOrder Order, ImageBuffer Image)> generated, ulong trainingSeed, int pool, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        var pixels = new PixelFeatures();
        var training = new DrawingSet(trainingSeed);
        using Tensor among = pixels.ExtractAll(training.Take(pool).Select(d => d.Image), progress, cancellationToken);
        using Tensor queries = pixels.ExtractAll(generated.Select(g => g.Image), cancellationToken: cancellationToken);
        using Tensor unseen = pixels.ExtractAll(new DrawingSet(DrawingSet.Prompting).Take(generated.Count).Select(d => d.Image), cancellationToken: cancellationToken);
        var pairs = generated.Zip(NearestNeighbours.Find(queries, among), (g, n) => (
                Pair: new NeighbourPair(g.Order.Prompt, g.Order.Seed, n.Index, $"drawing {n.Index} of seed {trainingSeed}", n.Distance), g.Image))
            .OrderBy(p => p.Pair.Distance).ToArray();
        return new NeighbourReport(pixels.Name, pool, [.. pairs.Select(p => p.Pair)], [.. NearestNeighbours.Find(unseen, among).Select(n => n.Distance).Order()])
        {
            GeneratedImages = [.. pairs.Select(p => p.Image).Take(PairsShown)],
            TrainingImages = [.. pairs.Take(PairsShown).Select(p => training.Read(p.Pair.TrainingIndex))],
        };
    }

    /// <summary>Writes the plot of the distances and a sheet of the nearest pairs, generated above and training below.</summary>
    public static void Draw(NeighbourReport report, string folder)
    {
        Directory.CreateDirectory(folder);
        byte[] pairs = new SkiaImageCodec().EncodePng(SampleSheet.Draw([new("generated", [.. report.GeneratedImages]), new("trained on", [.. report.TrainingImages])]));
        byte[] plot = NeighbourPlot.Draw(report);
        AtomicFile.Write(Path.Combine(folder, "neighbours.png"), stream => stream.Write(pairs));
        AtomicFile.Write(Path.Combine(folder, "neighbour-distances.png"), stream => stream.Write(plot));
    }
}
