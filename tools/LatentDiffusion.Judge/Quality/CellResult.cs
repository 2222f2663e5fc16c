using System.Text.Json.Serialization;
using LatentDiffusion.Evaluation;

namespace LatentDiffusion.Judge;

/// <summary>Results of one way of sampling.</summary>
internal sealed record CellResult
{
    /// <summary>All that the result depends on: model, judge, settings, number of images, drawings.</summary>
    public required string Key { get; init; }

    public required string Row { get; init; }

    public required string Column { get; init; }

    /// <summary>Why the model cannot be sampled this way; null if it can.</summary>
    public string? Refused { get; init; }

    /// <summary>Evaluations of the network per image; a guided step counts twice.</summary>
    public long Evaluations { get; init; }

    /// <summary>Seconds per image. Not stored here, because the cells are timed in turns.</summary>
    [JsonIgnore]
    public double? Seconds { get; init; }

    /// <summary>Proportion of images in which subject, attribute and, if named, colour are right.</summary>
    public Proportion? All { get; init; }

    /// <summary>Proportions by aspect.</summary>
    public IReadOnlyList<AspectAdherence> Aspects { get; init; } = [];

    /// <summary>Fréchet distance from unseen drawings, by the judge's features.</summary>
    public double Frechet { get; init; }

    /// <summary>Unbiased kernel distance from them.</summary>
    public double Kernel { get; init; }
}
