using System.Runtime.ExceptionServices;

namespace LatentDiffusion.Training;

/// <summary>Images read on all processors.</summary>
internal static class ParallelImageReader
{
    /// <summary>
    /// Reads images in the order asked for. Throws what the reading of one threw, not that one of several threads threw.
    /// </summary>
    /// <param name="indices">Which images.</param>
    /// <param name="read">Reads one.</param>
    public static CaptionedImage[] Of(IEnumerable<long> indices, Func<long, CaptionedImage> read)
    {
        try
        {
            return [.. indices.AsParallel().AsOrdered().Select(read)];
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
            throw;
        }
    }
}
