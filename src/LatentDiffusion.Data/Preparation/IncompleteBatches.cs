namespace LatentDiffusion.Data;

/// <summary>What becomes of the pictures of a bucket that are too few for a whole batch.</summary>
public enum IncompleteBatches
{
    /// <summary>The batch is filled with other pictures of the bucket, which are then seen again in that epoch.</summary>
    Fill,

    /// <summary>They are passed over in that epoch; which they are changes with each. Buckets smaller than a batch are never seen.</summary>
    Drop,

    /// <summary>They make a smaller batch.</summary>
    Keep,
}
