using System.Text.Json.Serialization;
using LatentDiffusion.Evaluation;

namespace LatentDiffusion.Judge;

/// <summary>What was measured of one way of sampling.</summary>
internal sealed record CellResult
{
    /// <summary>What it follows from: model, judge, settings, number of pictures, drawings.</summary>
    public required string Key { get; init; }

    public required string Row { get; init; }

    public required string Column { get; init; }

    /// <summary>Why it cannot be sampled this way; null where it can.</summary>
    public string? Refused { get; init; }

    /// <summary>Evaluations of the network a picture; a guided one counts twice.</summary>
    public long Evaluations { get; init; }

    /// <summary>Seconds a picture, which are not kept here: those of several cells are measured in turns.</summary>
    [JsonIgnore]
    public double? Seconds { get; init; }

    /// <summary>Pictures in which subject, colour where said and attribute are right.</summary>
    public Proportion? All { get; init; }

    /// <summary>By aspect.</summary>
    public IReadOnlyList<AspectAdherence> Aspects { get; init; } = [];

    /// <summary>Fréchet distance from unseen drawings, in the judge's features.</summary>
    public double Frechet { get; init; }

    /// <summary>Unbiased kernel distance from them.</summary>
    public double Kernel { get; init; }
}
