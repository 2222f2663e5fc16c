namespace LatentDiffusion.Data;

/// <summary>
/// Which of an image's captions a variant takes. Consecutive variants take different captions until each was taken once, in an
/// order that depends on seed, image and round; variant 0 takes the first caption, which evaluation reads.
/// </summary>
internal static class CaptionOrder
{
    public static int IndexFor(int count, ulong seed, long index, long variant)
    {
        if (count == 1) return 0;
        (long round, long place) = Math.DivRem(variant, count);
        int[] order = Shuffle.InPlace([.. Enumerable.Range(0, count)], SeedSequence.ForStep(SeedSequence.ForStep(seed, round), index));
        if (round > 0) return order[place];
        int first = Array.IndexOf(order, 0);
        (order[0], order[first]) = (order[first], order[0]);
        return order[place];
    }
}
