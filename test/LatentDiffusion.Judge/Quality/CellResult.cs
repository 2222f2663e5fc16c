using LatentDiffusion.Evaluation;

namespace LatentDiffusion.Judge;

/// <summary>What was measured of one way of sampling.</summary>
internal sealed record CellResult
{
    /// <summary>What it follows from: model, judge, settings, number of pictures.</summary>
    public required string Key { get; init; }

    public required string Row { get; init; }

    public required string Column { get; init; }

    /// <summary>Why it cannot be sampled this way; null where it can.</summary>
    public string? Refused { get; init; }

    /// <summary>Evaluations of the network a picture; a guided one counts twice.</summary>
    public long Evaluations { get; init; }

    /// <summary>Seconds a picture on the clock, with as many workers and threads as the command was given.</summary>
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
