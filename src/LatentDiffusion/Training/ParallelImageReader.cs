using System.Runtime.ExceptionServices;

namespace LatentDiffusion.Training;

/// <summary>Images read on all processors.</summary>
internal static class ParallelImageReader
{
    /// <summary>
    /// Reads images in the order of the numbers. Throws the original exception of a reader, not an aggregate one.
    /// </summary>
    /// <param name="indices">Which images.</param>
    /// <param name="read">Reads one.</param>
    public static CaptionedImage[] ReadAll(IEnumerable<long> indices, Func<long, CaptionedImage> read)
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
