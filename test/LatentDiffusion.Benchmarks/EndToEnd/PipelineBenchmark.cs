using System.CommandLine;
using System.Text.Json;

namespace LatentDiffusion.Benchmarks;

/// <summary>The shipped model end to end by part, in the form in which networks generate and in that in which they train.</summary>
internal static class PipelineBenchmark
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static Command Create()
    {
        var processes = new Option<int>("--processes")
        {
            Description = "Processes of each form, in turn.", DefaultValueFactory = _ => 5,
        };
        var images = new Option<int>("--images") { Description = "Images of each process after its first.", DefaultValueFactory = _ => 5 };
        var threads = new Option<int>("--threads")
        {
            Description = "Threads of libtorch; the number of cores if not given.", DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var json = new Option<string?>("--json") { Description = "File to write all measurements to." };
        foreach (Option<int> option in (Option<int>[])[processes, images, threads])
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens is [var token] && int.TryParse(token.Value, out int value) && value < 1)
                    result.AddError($"{option.Name} is {value}; it must be at least 1.");
            });
        }

        const string Description = "Times of the shipped model by part, from the start of the process to PNG files.";
        var command = new Command("pipeline", Description) { processes, images, threads, json };
        command.SetAction(parsed =>
        {
            var packed = new List<PipelineMeasurement>();
            var plain = new List<PipelineMeasurement>();
            for (int i = 0; i < parsed.GetValue(processes); i++)
            {
                packed.Add(PipelineMeasurement.MeasureElsewhere(plain: false, parsed.GetValue(images), parsed.GetValue(threads)));
                plain.Add(PipelineMeasurement.MeasureElsewhere(plain: true, parsed.GetValue(images), parsed.GetValue(threads)));
            }

            Print(packed, plain, Console.Out);
            if (parsed.GetValue(json) is { } path)
                File.WriteAllText(path, JsonSerializer.Serialize(new { Inference = packed, Plain = plain }, s_json));
        });
        return command;
    }

    private static void Print(List<PipelineMeasurement> packed, List<PipelineMeasurement> plain, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine("| part | inference form | plain form | ratio |");
        output.WriteLine("|---|---|---|---|");
        Row("process start", m => m.Start);
        Row("loading", m => m.Loading);
        Row("process start to the end of the first step", m => m.FirstStep);
        Row("process start to the first PNG file", m => m.FirstImage);
        Row("processor time until then", m => m.FirstProcessor);
        Row("encoding the prompts", m => m.Encoding);
        Row("denoising, per step", m => m.Step);
        Row("decoding", m => m.Decoding);
        Row("PNG", m => m.Png);
        Row("a further image", m => m.Image);
        Row("processor time of a further image", m => m.Processor);
        double ours = PipelineMeasurement.Median(packed.Select(m => (double)m.PeakBytes));
        double theirs = PipelineMeasurement.Median(plain.Select(m => (double)m.PeakBytes));
        output.WriteLine($"| peak memory | {ours / 1e6:0} MB | {theirs / 1e6:0} MB | {ours / theirs:0.00} |");
        output.WriteLine();
        output.WriteLine($"Medians of {packed.Count} processes of each form, in turn.");

        void Row(string part, Func<PipelineMeasurement, double> seconds)
        {
            double one = PipelineMeasurement.Median(packed.Select(seconds)), other = PipelineMeasurement.Median(plain.Select(seconds));
            output.WriteLine($"| {part} | {1000 * one:0.0} ms | {1000 * other:0.0} ms | {one / other:0.00} |");
        }
    }
}
