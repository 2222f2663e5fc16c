using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// Whether generated pictures are copies of training pictures: how near their nearest training pictures are, beside how near
/// those of unseen test pictures are. Copies show as generated distances far below the test ones.
/// </summary>
/// <param name="Features">What the distance is of.</param>
/// <param name="Pool">Number of training pictures looked among.</param>
/// <param name="Pairs">The generated pictures, the nearest pair first.</param>
/// <param name="TestDistances">Distances of test pictures to their nearest training pictures, ascending.</param>
public sealed record NeighbourReport(string Features, int Pool, IReadOnlyList<NeighbourPair> Pairs, IReadOnlyList<double> TestDistances)
{
    /// <summary>Whether each of the training pictures was also looked at with left and right exchanged.</summary>
    public bool Mirrored { get; init; }

    /// <summary>Median distance of the generated pictures.</summary>
    public double GeneratedMedian => Median([.. Pairs.Select(p => p.Distance)]);

    /// <summary>Median distance of the test pictures.</summary>
    public double TestMedian => Median(TestDistances);

    /// <summary>Generated pictures that are nearer to a training picture than any test picture is.</summary>
    public int NearerThanAnyTest => Pairs.Count(p => p.Distance < TestDistances[0]);

    /// <summary>The training pictures of the pairs.</summary>
    [JsonIgnore]
    internal IReadOnlyList<ImageBuffer> TrainingPictures { get; init; } = [];

    /// <summary>The generated pictures of the pairs.</summary>
    [JsonIgnore]
    internal IReadOnlyList<ImageBuffer> GeneratedPictures { get; init; } = [];

    private static double Median(IReadOnlyList<double> ascending) =>
        (ascending[(ascending.Count - 1) / 2] + ascending[ascending.Count / 2]) / 2;
}
