using System.Globalization;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>
/// Measures the throughput of one, two and three workers against bare pipelines, and the time of a worker between its generations, which
/// does not depend on how fast the processor is in each of the two measurements.
/// </summary>
internal static class ThroughputCommand
{
    private const int MostWorkers = 3;

    // The runtime compiles hot methods again after their first uses, on cores that a second worker needs.
    private const int WarmUps = 40;

    private static readonly string s_program = typeof(ThroughputCommand).Assembly.Location;

    public static async Task RunAsync(string database, int jobs, int rounds)
    {
        string folder = Directory.CreateTempSubdirectory("latent-diffusion-throughput-").FullName;
        using TemporaryPostgreSql? server = database == "postgres" ? TemporaryPostgreSql.Open() : null;
        try
        {
            for (int round = 0; round < rounds; round++)
            {
                for (int workers = 1; workers <= MostWorkers; workers++)
                {
                    double bare = await BareAsync(folder, jobs, Math.Min(workers, Environment.ProcessorCount));
                    QueueLocation location = QueueLocation.Create(database, folder, $"measure{round}{workers}", server);
                    await using var run = await SoakRun.StartAsync(s_program, location, workers, hasPreviews: false);
                    await run.WarmUpAsync(WarmUps);
                    (int Count, double Milliseconds) before = await run.GenerationsAsync();
                    await run.CompleteAsync(jobs, 0, null);
                    double each = run.WorkTime.TotalMilliseconds / jobs;
                    (int Count, double Milliseconds) after = await run.GenerationsAsync();
                    double generation = (after.Milliseconds - before.Milliseconds) / (after.Count - before.Count);
                    Console.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{workers} workers: {each:F1} ms per job, {each - bare:F1} ms more than bare pipelines ({bare:F1} ms); "
                        + $"generations of {generation:F1} ms with {each * workers - generation:F1} ms between them"));
                    run.Check(jobs, Alone(folder, 0));
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Milliseconds per job of bare pipelines at the same time, each with one thread.</summary>
    private static async Task<double> BareAsync(string folder, int jobs, int pipelines)
    {
        string[] each = await Task.WhenAll(Enumerable.Range(0, pipelines).Select(i => WorkerProcess.OutputAsync(
            s_program, default, "alone", Alone(folder, i), Text(jobs), Text(WorkedJobs.ShortSteps), Text(WarmUps))));
        return each.Average(time => double.Parse(time, CultureInfo.InvariantCulture)) / pipelines;
    }

    private static string Alone(string folder, int pipeline) => Path.Combine(folder, $"alone{pipeline}");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
