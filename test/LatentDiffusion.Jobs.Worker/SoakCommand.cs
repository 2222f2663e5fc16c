using System.Globalization;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>
/// Measures the throughput of one, two and three workers against a bare pipeline, and then kills three workers at random moments and, with
/// PostgreSQL, crashes the database once. Every job must complete with the bytes of the bare pipeline, and no other file may be left.
/// </summary>
internal static class SoakCommand
{
    private const int MostWorkers = 3;

    private static readonly string s_program = typeof(SoakCommand).Assembly.Location;

    public static async Task<int> RunAsync(string database, int jobs, int kills)
    {
        string folder = Directory.CreateTempSubdirectory("latent-diffusion-soak-").FullName, alone = Path.Combine(folder, "alone");
        using TemporaryPostgreSql? server = database == "postgres" ? TemporaryPostgreSql.Open() : null;
        try
        {
            string bare = await WorkerProcess.OutputAsync(
                s_program, default, "alone", alone, jobs.ToString(CultureInfo.InvariantCulture));
            double perJob = double.Parse(bare, CultureInfo.InvariantCulture);
            Console.WriteLine($"bare pipeline, 1 thread: {perJob:F1} ms per job");
            for (int workers = 1; workers <= MostWorkers; workers++)
            {
                QueueLocation location = Location(database, folder, $"measure{workers}", server);
                await using var run = await SoakRun.StartAsync(s_program, location, workers);
                await run.WarmUpAsync();
                TimeSpan time = await run.CompleteAsync(jobs, 0, null);
                double each = time.TotalMilliseconds / jobs;
                double ideal = perJob / Math.Min(workers, Environment.ProcessorCount);
                Console.WriteLine($"{workers} workers: {each:F1} ms per job, {each - ideal:F1} ms more than without a queue");
                run.Check(jobs, alone);
            }

            QueueLocation killed = Location(database, folder, "killed", server);
            await using var attacked = await SoakRun.StartAsync(s_program, killed, MostWorkers);
            TimeSpan survived = await attacked.CompleteAsync(jobs, kills, server);
            attacked.Check(jobs, alone);
            string crashes = server is null ? "" : ", a crash of the database";
            Console.WriteLine($"{jobs} jobs, {kills} kills{crashes}: {survived.TotalSeconds:F1} s");
            Console.WriteLine($"attempts: {attacked.Attempts}; all completed once, with equal bytes");
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static QueueLocation Location(string database, string folder, string name, TemporaryPostgreSql? server) => new(
        database, server is null ? Path.Combine(folder, name + ".db") : server.Create(name), Path.Combine(folder, name));
}
