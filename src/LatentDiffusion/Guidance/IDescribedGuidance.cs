namespace LatentDiffusion.Guidance;

/// <summary>Guidance that tells, for the metadata of pictures, what it was set to.</summary>
internal interface IDescribedGuidance
{
    /// <summary>The guidance that it changes; null for none.</summary>
    IGuidance? Inner => null;

    /// <summary>Its options.</summary>
    object Options { get; }
}
