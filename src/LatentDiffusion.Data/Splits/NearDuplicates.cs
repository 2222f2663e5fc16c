using System.Runtime.ExceptionServices;

namespace LatentDiffusion.Data;

/// <summary>Finds held-out images that look like images of an earlier part: training, then validation, then test.</summary>
internal static class NearDuplicates
{
    public static HashSet<long> Find(
        ICaptionedImageSource source, PublishedPart[] parts, int bits, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        if (Array.TrueForAll(parts, p => p == PublishedPart.Train)) return [];
        var hashes = new PerceptualHash[parts.Length];
        var found = new bool[parts.Length];
        long done = 0;
        var parallel = new ParallelOptions { CancellationToken = cancellationToken };
        try
        {
            Parallel.For(0, parts.Length, parallel, i =>
            {
                hashes[i] = source.PerceptualHashOf(i);
                progress?.Report(Interlocked.Increment(ref done));
            });
            // Parallel over the held-out images, which are few.
            Parallel.For(0, parts.Length, parallel, i =>
            {
                if (parts[i] == PublishedPart.Train) return;
                for (int j = 0; j < parts.Length && !found[i]; j++)
                    found[i] = parts[j] < parts[i] && hashes[i].Distance(hashes[j]) <= bits;
            });
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        return [.. found.Index().Where(f => f.Item).Select(f => (long)f.Index)];
    }
}
