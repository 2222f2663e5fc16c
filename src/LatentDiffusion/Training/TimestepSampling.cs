using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>How the time of each training sample is drawn, from 0 (no noise) to 1.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(UniformTimesteps), "uniform")]
[JsonDerivedType(typeof(LogitNormalTimesteps), "logit_normal")]
public abstract record TimestepSampling
{
    /// <summary>Draws times.</summary>
    /// <param name="count">How many.</param>
    /// <param name="generator">Source of everything random.</param>
    /// <returns>[count], each in [0, 1].</returns>
    public abstract Tensor Draw(int count, Generator generator);
}
