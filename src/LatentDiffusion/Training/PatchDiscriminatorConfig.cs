using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Training;

/// <summary>Size of a <see cref="PatchDiscriminator"/>.</summary>
public sealed record PatchDiscriminatorConfig
{
    /// <summary>Channels of the images. Default 3.</summary>
    [Range(1, 1024)]
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the first layer, which double from layer to layer up to eight times. Default 64.</summary>
    [Range(1, 4096)]
    public int Channels { get; init; } = 64;

    /// <summary>Layers that halve the size. Default 3: each answer sees a patch of 70 × 70 pixels.</summary>
    [Range(1, 8)]
    public int Layers { get; init; } = 3;

    /// <summary>Groups of the normalisations; divides <see cref="Channels"/>. Default 32.</summary>
    [Range(1, 4096)]
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="ValidationException">A value is out of its range; the message names it.</exception>
    public PatchDiscriminator Build() => new(this);
}
