using System.Text;
using LatentDiffusion.Evaluation;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace LatentDiffusion.Fuzzing;

/// <summary>Files that training writes and reads: caches, checkpoints, metrics.</summary>
internal static class RunTargets
{
    private const string Key = "k", Latents = "latents", Ids = "ids";
    private const int Count = 5;

    /// <summary>A damaged cache is recreated: nothing is refused.</summary>
    public static FuzzTarget Rows(string name, string folder) => Rows(name, folder, suffix: "");

    /// <summary>An interrupted cache is recreated, too.</summary>
    public static FuzzTarget PartialRows(string name, string folder) => Rows(name, folder, ".partial");

    public static FuzzTarget Checkpoint(string name, string folder)
    {
        nn.Module network = nn.Linear(3, 2);
        var options = new TrainingOptions { Steps = 2 };
        var parameters = new FlatParameters(new Dictionary<string, nn.Module> { ["a"] = network });
        var checkpoints = new TrainingCheckpoints(
            folder, parameters, new AdamW(parameters, options.Optimizer), new ExponentialMovingAverage(parameters, 0.9), null,
            new LeftOutItems(folder), new Dictionary<string, string> { ["data"] = "b" }, options, reducer: null, NullLogger.Instance);
        checkpoints.Write(1);
        string path = checkpoints.Last!;
        byte[] seed = File.ReadAllBytes(path);
        string[] pieces = ["\"step\"", "\"-1\"", "\"99999999999999999999\"", "\"checksum\":null", "\"objective.data\""];
        return new FuzzTarget(
            name, random => SafetensorsMutation.Apply(seed, random, pieces),
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                checkpoints.RestoreNewest();
            },
            typeof(CheckpointException));
    }

    public static FuzzTarget Metrics(string name, string folder)
    {
        const string Lines = "{\"stage\":\"a\",\"step\":1,\"loss\":0.5}\n"
            + "{\"stage\":\"a\",\"step\":2,\"loss\":null}\n"
            + "{\"stage\":\"b\",\"step\":3,\"loss\":1e3}\n";
        string[] pieces =
        [
            "{", "}", "\n", "\"stage\":", "\"step\":", "1e400", "null", "-1", "99999999999999999999", "\"a\"", "\"\\ud800\"",
            "{\"stage\":\"a\",\"step\":2}\n", "[]\n",
        ];
        return Run(name, folder, "metrics.jsonl", random => Encoding.UTF8.GetBytes(TextMutation.Apply(Lines, random, pieces)));
    }

    public static FuzzTarget Events(string name, string folder)
    {
        using (RunFolder run = RunFolder.Open(folder))
            for (int step = 1; step < 5; step++) run.Record("a", step, ("loss", 0.5));
        string path = Directory.GetFiles(folder, "events*").Single();
        byte[][] records = [.. RecordFile.Read(path).Select(r => r.Data.ToArray())];
        return Run(name, folder, Path.GetFileName(path), random =>
        {
            int damaged = random.Next(records.Length);
            IEnumerable<byte[]> frames = records.Select((r, i) => RecordFile.Frame(i == damaged ? ByteMutation.Apply(r, random) : r));
            byte[] file = [.. frames.SelectMany(r => r)];
            return random.Next(3) == 0 ? ByteMutation.Apply(file, random) : file;
        });
    }

    private static FuzzTarget Run(string name, string folder, string file, Func<Random, byte[]> make)
    {
        string path = Path.Combine(folder, file);
        return new FuzzTarget(
            name, make,
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                using RunFolder run = RunFolder.Open(folder);
                run.ResumeAt("a", 2);
                _ = run.Read("a", "loss");
                _ = run.Judge("a");
                run.Record("a", 3, ("loss", 1));
            },
            typeof(InvalidDataException));
    }

    private static FuzzTarget Rows(string name, string folder, string suffix)
    {
        string path = Path.Combine(folder, "rows.safetensors");
        Open(path).Dispose();
        byte[] seed = File.ReadAllBytes(path);
        string[] pieces = ["\"latents\"", "\"ids\"", "\"row_checks\"", "\"key\":\"k\"", "[5]", "[5,0]", "[1,5]"];
        return new FuzzTarget(
            name, random => SafetensorsMutation.Apply(seed, random, pieces),
            bytes =>
            {
                File.Delete(path);
                File.WriteAllBytes(path + suffix, bytes);
                using RowFile rows = Open(path);
                rows.Read(Latents, [4, 0]).Dispose();
                rows.ReadAll(Ids).Dispose();
            });

        static RowFile Open(string path) => RowFile.OpenOrMake(
            path, Key, Count, [Latents, Ids], 2,
            (start, count, _) => [(Latents, ones(count, 2, 3)), (Ids, ones(count, 4, ScalarType.Int64))], null, null, default);
    }
}
