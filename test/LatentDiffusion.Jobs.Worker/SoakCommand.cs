using System.Globalization;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>
/// Kills workers at random moments, cuts their network and, with PostgreSQL, crashes the database once. Every job must complete with the
/// bytes of a bare pipeline, and no other file may be left. With SQLite, one worker takes part: the process of the queue.
/// </summary>
internal static class SoakCommand
{
    // Long enough that all kills and cuts meet work.
    private const int Workers = 3, Steps = 30;

    private static readonly string s_program = typeof(SoakCommand).Assembly.Location;

    public static async Task<int> RunAsync(string database, int jobs, int kills, int cuts)
    {
        string folder = Directory.CreateTempSubdirectory("latent-diffusion-soak-").FullName, alone = Path.Combine(folder, "alone");
        using WorkerNetwork? network = cuts > 0 ? WorkerNetwork.Open(Workers) : null;
        using TemporaryPostgreSql? server = database == "postgres" ? TemporaryPostgreSql.Open(network is not null) : null;
        try
        {
            await WorkerProcess.OutputAsync(s_program, default, "alone", alone, Text(jobs), Text(Steps));
            QueueLocation location = QueueLocation.Create(database, folder, "killed", server);
            await using var run = await SoakRun.StartAsync(s_program, location, server is null ? 1 : Workers, network, Steps);
            TimeSpan time = await run.CompleteAsync(jobs, kills, server, cuts);
            run.Check(jobs, alone);
            string crashes = server is null ? "" : ", a crash of the database";
            Console.WriteLine($"{jobs} jobs, {run.Kills} kills, {run.Cuts} cuts of 10 s{crashes}: {time.TotalSeconds:F1} s");
            Console.WriteLine($"attempts: {run.Attempts}; all jobs completed with the bytes of a bare pipeline; nothing else is left");
            if (run.Kills == kills && run.Cuts == cuts) return 0;
            Console.Error.WriteLine($"The jobs ended before {kills} kills and {cuts} cuts.");
            return 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
