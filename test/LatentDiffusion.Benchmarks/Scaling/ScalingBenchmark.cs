using System.CommandLine;
using System.Text.Json;

namespace LatentDiffusion.Benchmarks;

/// <summary>How time and memory of the shipped model grow with pixels, batch, steps and threads: one of them at a time.</summary>
internal static class ScalingBenchmark
{
    private const int Side = 128, Batch = 1, Steps = 14;

    private static readonly int[] s_sides = [128, 192, 256, 384, 512], s_batches = [1, 2, 4, 8], s_steps = [4, 7, 14, 28];

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static Command Create()
    {
        var repetitions = new Option<int>("--repetitions")
        {
            Description = "Generations of each setting, of which the fastest counts.", DefaultValueFactory = _ => 3,
        };
        repetitions.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && int.TryParse(token.Value, out int value) && value < 1)
                result.AddError($"{repetitions.Name} is {value}; it must be at least 1.");
        });
        var json = new Option<string?>("--json") { Description = "File to write all measurements to." };
        const string Description = "Time and memory of the shipped model against pixels, batch, steps and threads.";
        var command = new Command("scaling", Description) { repetitions, json };
        command.SetAction(parsed =>
        {
            int count = parsed.GetValue(repetitions), cores = Environment.ProcessorCount;
            ScalingPoint[] sides = [.. s_sides.Select(side => ScalingPoint.MeasureElsewhere(side, Batch, Steps, cores, count))];
            Print("pixels", sides, p => $"{p.Side} x {p.Side}", p => p.Side * p.Side);
            ScalingPoint[] batches = [.. s_batches.Select(batch => ScalingPoint.MeasureElsewhere(Side, batch, Steps, cores, count))];
            Print("batch", batches, p => $"{p.Batch}", p => p.Batch);
            ScalingPoint[] steps = [.. s_steps.Select(number => ScalingPoint.MeasureElsewhere(Side, Batch, number, cores, count))];
            Print("steps", steps, p => $"{p.Steps}", p => p.Steps);
            ScalingPoint[] threads =
            [
                .. Enumerable.Range(0, 10).Select(i => 1 << i).Where(n => n < cores).Append(cores)
                    .Select(number => ScalingPoint.MeasureElsewhere(Side, Batch, Steps, number, count)),
            ];
            Print("threads", threads, p => $"{p.Threads}", p => p.Threads);
            if (parsed.GetValue(json) is { } path)
            {
                File.WriteAllText(path, JsonSerializer.Serialize(
                    new { Pixels = sides, Batch = batches, Steps = steps, Threads = threads }, s_json));
            }
        });
        return command;
    }

    private static void Print(string axis, ScalingPoint[] points, Func<ScalingPoint, string> name, Func<ScalingPoint, double> size)
    {
        Console.WriteLine();
        Console.WriteLine($"| {axis} | time | ratio to the first | divided by that of {axis} | processor time | working memory |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (ScalingPoint point in points)
        {
            double ratio = point.Seconds / points[0].Seconds, growth = size(point) / size(points[0]);
            Console.WriteLine(
                $"| {name(point)} | {1000 * point.Seconds:0} ms | {ratio:0.00} | {ratio / growth:0.00} "
                + $"| {1000 * point.Processor:0} ms | {point.WorkingBytes / 1e6:0} MB |");
        }
    }
}
