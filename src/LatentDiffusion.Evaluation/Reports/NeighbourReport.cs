using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// Whether generated images are copies of training images: distances to their nearest training images, compared with those of
/// unseen test images. Copies have distances far below those of test images.
/// </summary>
/// <param name="Features">Description of the features that distances are measured in.</param>
/// <param name="Pool">Number of training images searched.</param>
/// <param name="Pairs">The generated images with their nearest training images, nearest pair first.</param>
/// <param name="TestDistances">Distances of test images to their nearest training images, ascending.</param>
public sealed record NeighbourReport(string Features, int Pool, IReadOnlyList<NeighbourPair> Pairs, IReadOnlyList<double> TestDistances)
{
    /// <summary>Whether mirrored training images were searched too.</summary>
    public bool Mirrored { get; init; }

    /// <summary>Median distance of the generated images.</summary>
    public double GeneratedMedian => Median([.. Pairs.Select(p => p.Distance)]);

    /// <summary>Median distance of the test images.</summary>
    public double TestMedian => Median(TestDistances);

    /// <summary>Number of generated images that are nearer to a training image than any test image is.</summary>
    public int NearerThanAnyTest => Pairs.Count(p => p.Distance < TestDistances[0]);

    /// <summary>The training images of the pairs.</summary>
    [JsonIgnore]
    internal IReadOnlyList<ImageBuffer> TrainingImages { get; init; } = [];

    /// <summary>The generated images of the pairs.</summary>
    [JsonIgnore]
    internal IReadOnlyList<ImageBuffer> GeneratedImages { get; init; } = [];

    private static double Median(IReadOnlyList<double> ascending) =>
        (ascending[(ascending.Count - 1) / 2] + ascending[ascending.Count / 2]) / 2;
}
