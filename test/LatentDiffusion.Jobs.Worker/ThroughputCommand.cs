using System.Globalization;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>Measures the throughput of one, two and three workers against a bare pipeline.</summary>
internal static class ThroughputCommand
{
    private const int MostWorkers = 3, Repetitions = 3;

    private static readonly string s_program = typeof(ThroughputCommand).Assembly.Location;

    public static async Task RunAsync(string database, int jobs)
    {
        string folder = Directory.CreateTempSubdirectory("latent-diffusion-throughput-").FullName, alone = Path.Combine(folder, "alone");
        using TemporaryPostgreSql? server = database == "postgres" ? TemporaryPostgreSql.Open() : null;
        try
        {
            for (int repetition = 0; repetition < Repetitions; repetition++)
            {
                string bare = await WorkerProcess.OutputAsync(
                    s_program, default, "alone", alone, Text(jobs), Text(WorkedJobs.ShortSteps));
                double perJob = double.Parse(bare, CultureInfo.InvariantCulture);
                Console.WriteLine($"bare pipeline, 1 thread: {perJob:F1} ms per job");
                for (int workers = 1; workers <= MostWorkers; workers++)
                {
                    QueueLocation location = QueueLocation.Create(database, folder, $"measure{repetition}{workers}", server);
                    await using var run = await SoakRun.StartAsync(s_program, location, workers, hasPreviews: false);
                    await run.WarmUpAsync();
                    TimeSpan time = await run.CompleteAsync(jobs, 0, null);
                    double each = time.TotalMilliseconds / jobs;
                    double ideal = perJob / Math.Min(workers, Environment.ProcessorCount);
                    Console.WriteLine($"{workers} workers: {each:F1} ms per job, {each - ideal:F1} ms more than without a queue");
                    run.Check(jobs, alone);
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
