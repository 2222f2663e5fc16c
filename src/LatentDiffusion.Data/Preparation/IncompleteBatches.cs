namespace LatentDiffusion.Data;

/// <summary>Handling of a bucket's images that do not fill a whole batch.</summary>
public enum IncompleteBatches
{
    /// <summary>The batch is filled with other images of the bucket, which are then seen again in that epoch.</summary>
    Fill,

    /// <summary>
    /// They are left out of that epoch; each epoch leaves out different ones. Buckets smaller than a batch are never seen.
    /// </summary>
    Drop,

    /// <summary>They form a smaller batch.</summary>
    Keep,
}
