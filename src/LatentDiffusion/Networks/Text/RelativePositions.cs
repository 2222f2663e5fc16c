namespace LatentDiffusion.Networks;

/// <summary>
/// Buckets of distances between tokens (Raffel et al. 2020, section 2.1): single distances up to a quarter of the buckets, then
/// ranges that grow logarithmically up to a largest distance. Earlier and later tokens have half of the buckets each.
/// </summary>
internal static class RelativePositions
{
    /// <summary>The bucket of each pair of tokens, row by row for the token that attends.</summary>
    /// <param name="tokens">Number of tokens.</param>
    /// <param name="buckets">Number of buckets.</param>
    /// <param name="largestDistance">Distance from which all are in one bucket.</param>
    public static long[] Buckets(int tokens, int buckets, int largestDistance)
    {
        long[] ofPairs = new long[(long)tokens * tokens];
        for (int from = 0; from < tokens; from++)
            for (int to = 0; to < tokens; to++) ofPairs[(from * tokens) + to] = Bucket(to - from, buckets / 2, largestDistance);
        return ofPairs;
    }

    private static long Bucket(int distance, int half, int largestDistance)
    {
        int single = half / 2, length = Math.Abs(distance), first = distance > 0 ? half : 0;
        if (length < single) return first + length;
        // In float32 as in the reference, because a bucket ends where the logarithm is a whole number.
        float position = MathF.Log((float)length / single) / (float)Math.Log((double)largestDistance / single) * (half - single);
        return first + Math.Min(single + (long)position, half - 1);
    }
}
