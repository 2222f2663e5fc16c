namespace LatentDiffusion.Data;

/// <summary>A part of a data set, in the order in which parts may see images of each other.</summary>
internal enum PublishedPart
{
    /// <summary>To train on.</summary>
    Train,

    /// <summary>To watch training by.</summary>
    Validation,

    /// <summary>To test with.</summary>
    Test,
}
