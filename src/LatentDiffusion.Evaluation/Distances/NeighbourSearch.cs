using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>Searches nearest training images in chunks, so that a large set is never in memory as a whole.</summary>
/// <param name="extractor">Features that distances are measured in.</param>
/// <param name="training">The training images.</param>
/// <param name="mirrored">Whether to compare mirrored training images too, for a run that mirrors images at random.</param>
internal sealed class NeighbourSearch(IFeatureExtractor extractor, SizedImages training, bool mirrored)
{
    private const int ChunkSize = 256;

    /// <summary>A nearest training image.</summary>
    public readonly record struct Found(int Index, bool Mirrored, double Distance);

    /// <summary>Finds the nearest training image of each query.</summary>
    /// <param name="count">Number of training images to search, from the first.</param>
    /// <param name="queries">Sets of images, each as features [images, width].</param>
    /// <param name="progress">Receives the number of training images searched.</param>
    /// <param name="cancellationToken">Checked before each chunk.</param>
    /// <returns>For each set, one result per image; the first of several equally near ones, not mirrored.</returns>
    public Found[][] Find(int count, IReadOnlyList<Tensor> queries, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        Found[][] best =
            [.. queries.Select(set => Enumerable.Repeat(new Found(-1, false, double.PositiveInfinity), (int)set.shape[0]).ToArray())];
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

    /// <summary>The image mirrored left to right.</summary>
    public static ImageBuffer Mirror(ImageBuffer image)
    {
        byte[] rgb = new byte[image.Rgb.Length];
        for (int y = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
                image.Rgb.Slice((y * image.Width + x) * 3, 3).CopyTo(rgb.AsSpan((y * image.Width + image.Width - 1 - x) * 3));
        return new ImageBuffer(image.Width, image.Height, rgb);
    }
}
