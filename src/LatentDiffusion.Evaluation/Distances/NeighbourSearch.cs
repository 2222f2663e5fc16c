using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>Nearest training pictures, looked for in some pictures of the set after the others: a large set is never in memory as a whole.</summary>
/// <param name="extractor">What distances are of.</param>
/// <param name="training">The training pictures.</param>
/// <param name="mirrored">Whether each is also looked at with left and right exchanged, as a run that mirrors has seen it.</param>
internal sealed class NeighbourSearch(IFeatureExtractor extractor, SizedImages training, bool mirrored)
{
    private const int ChunkSize = 256;

    /// <summary>A nearest training picture.</summary>
    public readonly record struct Found(int Index, bool Mirrored, double Distance);

    /// <summary>Finds the nearest training picture of each query.</summary>
    /// <param name="count">Training pictures looked among, from the first.</param>
    /// <param name="queries">Sets of pictures, the features of each as [pictures, width].</param>
    /// <param name="progress">Told the number of training pictures looked at.</param>
    /// <param name="cancellationToken">Stops it before the next training pictures.</param>
    /// <returns>For each set one for each picture; of equally near ones the first, as it is.</returns>
    public Found[][] Find(int count, IReadOnlyList<Tensor> queries, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        Found[][] best = [.. queries.Select(set => Enumerable.Repeat(new Found(-1, false, double.PositiveInfinity), (int)set.shape[0]).ToArray())];
        int done = 0;
        foreach (CaptionedImage[] chunk in training.First(count).Chunk(ChunkSize))
        {
            Compare(chunk.Select(c => c.Image), false);
            if (mirrored) Compare(chunk.Select(c => Mirror(c.Image)), true);
            done += chunk.Length;
            progress?.Report(done);
        }

        return best;

        void Compare(IEnumerable<ImageBuffer> images, bool exchanged)
        {
            using Tensor features = extractor.ExtractAll(images, null, cancellationToken);
            foreach ((Found[] nearest, Tensor set) in best.Zip(queries))
            {
                IReadOnlyList<Neighbour> here = NearestNeighbours.Find(set, features);
                for (int i = 0; i < nearest.Length; i++)
                    if (here[i].Distance < nearest[i].Distance) nearest[i] = new Found(done + here[i].Index, exchanged, here[i].Distance);
            }
        }
    }

    /// <summary>A picture with left and right exchanged.</summary>
    public static ImageBuffer Mirror(ImageBuffer image)
    {
        byte[] rgb = new byte[image.Rgb.Length];
        for (int y = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
                image.Rgb.Slice((y * image.Width + x) * 3, 3).CopyTo(rgb.AsSpan((y * image.Width + image.Width - 1 - x) * 3));
        return new ImageBuffer(image.Width, image.Height, rgb);
    }
}
