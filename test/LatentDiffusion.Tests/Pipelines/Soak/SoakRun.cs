using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines.Soak;

/// <summary>Many generations at once over the same weights, and the memory and tensors that remain.</summary>
/// <param name="jobs">The generations.</param>
/// <param name="atOnce">How many run at once.</param>
/// <param name="round">After how many it rests, for tensors and memory to be counted; memory has settled after the first.</param>
/// <param name="log">Receives each round.</param>
internal sealed class SoakRun(SoakJob[] jobs, int atOnce, int round, TextWriter log)
{
    private long _mostResident;

    /// <summary>Makes every image alone, and then runs all generations.</summary>
    public async Task<SoakVerdict> RunAsync()
    {
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(Math.Max(workers, 2 * atOnce), ports);
        await WarmUpAsync();
        long start = Settled();
        var clock = Stopwatch.StartNew();
        Dictionary<SoakJob, string[]> alone = new(ReferenceEqualityComparer.Instance);
        foreach (SoakJob[] some in jobs.Chunk(round))
        {
            foreach (SoakJob job in some) alone[job] = job.RunAlone();
            Tell("made alone", alone.Count, clock);
        }

        var together = new ConcurrentDictionary<SoakJob, string[]?>(ReferenceEqualityComparer.Instance);
        var different = new ConcurrentQueue<string>();
        List<SoakRound> rounds = [];
        foreach (SoakJob[] some in jobs.Chunk(round))
        {
            _mostResident = 0;
            await Parallel.ForEachAsync(some, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (job, _) =>
            {
                try
                {
                    together[job] = await job.RunAsync();
                }
                catch (Exception e)
                {
                    different.Enqueue($"{Describe(job)} failed: {e}");
                }

                Note(Environment.WorkingSet);
            });
            long live = Tensor.TotalCount;
            Settled();
            rounds.Add(new SoakRound(rounds.LastOrDefault().Generations + some.Length, live, Environment.WorkingSet, _mostResident));
            Tell("at once", rounds[^1].Generations, clock);
        }

        (SoakJob Job, string[] Images)[] finished = [.. together.Where(t => t.Value is not null).Select(t => (t.Key, t.Value!))];
        foreach ((SoakJob job, string[] images) in finished)
            if (!images.SequenceEqual(alone[job])) different.Enqueue($"{Describe(job)} gave another image than alone.");
        return new SoakVerdict(
            start,
            rounds,
            together.Count - finished.Length,
            finished.Length,
            finished.Sum(f => f.Images.Length),
            [.. different]);
    }

    private void Tell(string how, int generations, Stopwatch clock) => log.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{generations} of {jobs.Length} generations {how} after {clock.Elapsed.TotalSeconds:F0} s, "
        + $"{Environment.WorkingSet / 1e6:F1} MB resident"));

    /// <summary>Creates lazily created objects, such as previews, now.</summary>
    private async Task WarmUpAsync()
    {
        foreach (SoakJob job in jobs.DistinctBy(j => j.Pipeline)) await (job with { Way = SoakWay.Stream, Stop = null }).RunAsync();
    }

    private void Note(long resident)
    {
        long most;
        while (resident > (most = Volatile.Read(ref _mostResident)))
            if (Interlocked.CompareExchange(ref _mostResident, resident, most) == most) return;
    }

    /// <summary>Live tensors after a garbage collection.</summary>
    private static long Settled()
    {
        long count, before;
        do
        {
            before = Tensor.TotalCount;
            GC.Collect();
            GC.WaitForPendingFinalizers();
            count = Tensor.TotalCount;
        }
        while (count != before);
        return count;
    }

    private static string Describe(SoakJob job) => $"{job.Task} by {job.Way} ({job.Request})";
}
