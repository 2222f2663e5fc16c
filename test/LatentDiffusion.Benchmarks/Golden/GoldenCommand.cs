using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Records hashes of images, latents and trained weights, and checks that a later build computes the same bytes.</summary>
internal static class GoldenCommand
{
    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "File of hashes, valid on the machine that recorded it." };
        var only = new Option<string?>("--only") { Description = "Run only cases whose name contains this text, for example training." };
        var record = new Command("record", "Writes the hashes of this build.") { file, only };
        record.SetAction(parsed => Record(parsed.GetValue(file)!, parsed.GetValue(only)));
        var check = new Command("check", "Compares this build with a file. The exit code is 1 if anything differs.") { file, only };
        check.SetAction(parsed => Check(parsed.GetValue(file)!, parsed.GetValue(only)));
        const string Description = "SHA-256 of images, latents and trained weights, which a refactoring must not change.";
        return new Command("golden", Description) { record, check };
    }

    private static int Record(FileInfo file, string? only)
    {
        (Dictionary<string, string> hashes, int failed) = Compute(only);
        if (failed > 0) return 1;
        GoldenFile.Write(file.FullName, hashes);
        Console.WriteLine($"{hashes.Count} hashes in {file.FullName}");
        return 0;
    }

    private static int Check(FileInfo file, string? only)
    {
        var recorded = GoldenFile.Read(file.FullName).Where(h => IsChosen(h.Key, only)).ToDictionary();
        (Dictionary<string, string> hashes, int failed) = Compute(only);
        IReadOnlyList<string> differences = GoldenFile.Differences(recorded, hashes);
        foreach (string difference in differences) Console.WriteLine(difference);
        bool same = differences.Count == 0 && failed == 0 && recorded.Count > 0;
        Console.WriteLine($"{(same ? "SAME" : "DIFFERENT")}: {differences.Count} of {recorded.Count} differ, {failed} cases failed.");
        return same ? 0 : 1;
    }

    private static bool IsChosen(string name, string? only) => only is null || name.Contains(only, StringComparison.Ordinal);

    private static (Dictionary<string, string> Hashes, int Failed) Compute(string? only)
    {
        // Kernels of several threads may sum in another order.
        set_num_threads(1);
        var hashes = new Dictionary<string, string>();
        int failed = 0;
        using var models = new GoldenModels();
        IEnumerable<GoldenCase> cases =
        [
            .. GoldenDrawings.Cases(), .. GoldenFamilies.Cases(models), .. GoldenSchedulers.Cases(models),
            .. GoldenGuidance.Cases(models), .. GoldenTasks.Cases(models),
            .. GoldenTraining.Cases(models), .. GoldenDistillation.Cases(models), .. GoldenAutoencoders.Cases(models),
        ];
        foreach (GoldenCase one in cases.Where(c => IsChosen(c.Name, only)))
        {
            long start = Stopwatch.GetTimestamp();
            try
            {
                using DisposeScope scope = NewDisposeScope();
                using var results = new GoldenHashes();
                one.Run(results);
                foreach ((string kind, string hash) in results.Finish()) hashes.Add($"{one.Name}/{kind}", hash);
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds,6:F2} s  {one.Name}"));
            }
            catch (Exception e)
            {
                failed++;
                Console.WriteLine($"{one.Name}: failed: {e}");
            }
        }

        return (hashes, failed);
    }
}
