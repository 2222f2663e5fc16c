using System.Globalization;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>
/// Compares the throughput of one, two and three workers with that of bare pipelines. Both take turns with small batches, because the
/// speed of a processor changes between longer measurements.
/// </summary>
internal static class ThroughputCommand
{
    // Divides evenly among one, two and three workers.
    private const int Batch = 12, MostWorkers = 3;

    // The runtime compiles hot methods again after their first uses, on cores that a second worker needs.
    private const int WarmUps = 40;

    private static readonly string s_program = typeof(ThroughputCommand).Assembly.Location;

    public static async Task RunAsync(string database, int batches)
    {
        string folder = Directory.CreateTempSubdirectory("latent-diffusion-throughput-").FullName;
        using TemporaryPostgreSql? server = database == "postgres" ? TemporaryPostgreSql.Open() : null;
        try
        {
            for (int workers = 1; workers <= MostWorkers; workers++)
            {
                QueueLocation location = QueueLocation.Create(database, folder, $"measure{workers}", server) with { HasShortTimes = false };
                await using var run = await SoakRun.StartAsync(s_program, location, workers, hasPreviews: false);
                await run.MeasureAsync("warm", workers * WarmUps);
                await MeasureAsync(run, workers, batches);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task MeasureAsync(SoakRun run, int workers, int batches)
    {
        WorkerProcess[] bare = await Task.WhenAll(Enumerable.Range(0, Math.Min(workers, Environment.ProcessorCount)).Select(
            _ => WorkerProcess.StartAsync("bare", Text(WarmUps))));
        try
        {
            var alone = new double[batches];
            var queued = new (double Each, double Generation)[batches];
            for (int i = 0; i < batches; i++)
            {
                string[] times = await Task.WhenAll(bare.Select(b => b.AskAsync(Text(Batch / bare.Length), default)));
                alone[i] = times.Average(time => double.Parse(time, CultureInfo.InvariantCulture)) / Batch;
                queued[i] = await run.MeasureAsync($"batch{i}", Batch);
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{workers} workers, medians of {batches} batches: {Median(queued.Select(q => q.Each)):F1} ms per job, bare pipelines "
                + $"{Median(alone):F1} ms, difference {Median(queued.Zip(alone, (q, a) => q.Each - a)):F1} ms; generations of "
                + $"{Median(queued.Select(q => q.Generation)):F1} ms with "
                + $"{Median(queued.Select(q => q.Each * workers - q.Generation)):F1} ms between them"));
        }
        finally
        {
            foreach (WorkerProcess process in bare) await process.DisposeAsync();
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
