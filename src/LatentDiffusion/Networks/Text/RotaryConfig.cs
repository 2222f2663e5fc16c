namespace LatentDiffusion.Networks;

/// <summary>Rotary positions of a language model, as files of newer versions give them under <c>rope_parameters</c>.</summary>
public sealed record RotaryConfig
{
    /// <summary>The largest period of the rotations, in tokens over 2π. Default 1e6.</summary>
    public double RopeTheta { get; init; } = 1_000_000;

    /// <summary>How positions are scaled; only <c>default</c>, which does not scale them, is supported.</summary>
    public string RopeType { get; init; } = "default";
}
