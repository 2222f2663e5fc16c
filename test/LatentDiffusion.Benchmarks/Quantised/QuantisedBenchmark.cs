using System.CommandLine;
using System.Text.Json;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Models of billions of parameters whose quantised weights stay as stored: time of opening the files compared with reading them, memory
/// of a generation, and speed of an evaluation compared with the fastest matrix product.
/// </summary>
internal static class QuantisedBenchmark
{
    private static readonly GgufType[] s_types = [GgufType.Q8_0, GgufType.Q4_K];

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static Command Create()
    {
        var names = new Argument<string[]>("models")
        {
            Description = "Models to measure; all if none is given.", Arity = ArgumentArity.ZeroOrMore,
        };
        names.AcceptOnlyFromAmong([.. QuantisedModel.All.Select(model => model.Name)]);
        var types = new Option<string[]>("--type")
        {
            Description = "Types of the matrices.", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [.. s_types.Select(type => type.Name)],
        };
        types.AcceptOnlyFromAmong([.. s_types.Select(type => type.Name)]);
        var repetitions = new Option<int>("--repetitions")
        {
            Description = "How often reading and opening are measured.", DefaultValueFactory = _ => 3,
        };
        var threads = new Option<int?>("--threads") { Description = "Threads of libtorch; the number of cores if not given." };
        foreach (Option option in (Option[])[repetitions, threads])
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens is [var token] && int.TryParse(token.Value, out int value) && value < 1)
                    result.AddError($"{option.Name} is {value}; it must be at least 1.");
            });
        }

        var folder = new Option<string?>("--out")
        {
            Description = "Folder for the files of one model at a time, up to 9 GB; the temporary folder if not given.",
        };
        var keep = new Option<bool>("--keep")
        {
            Description = "Keep the files, and use those that an earlier run kept in the folder.",
        };
        var json = new Option<string?>("--json") { Description = "File to write all measurements to." };
        const string Description = "Opening time, memory and speed of models in full size whose quantised weights stay as stored. "
            + "The weights follow from their names. The exit code is 1 if a bound is missed.";
        var command = new Command("quantised", Description) { names, types, repetitions, threads, folder, keep, json };
        command.SetAction(parsed =>
        {
            string parent = parsed.GetValue(folder) ?? Path.GetTempPath();
            string[] chosen = parsed.GetValue(names) is { Length: > 0 } given ? given : [.. QuantisedModel.All.Select(model => model.Name)];
            var results = new List<QuantisedResult>();
            foreach (QuantisedModel model in QuantisedModel.All.Where(model => chosen.Contains(model.Name)))
            {
                foreach (GgufType type in s_types.Where(type => parsed.GetValue(types)!.Contains(type.Name)))
                {
                    var files = new QuantisedFiles(Path.Combine(parent, $"quantised-{model.Name}-{type}"), model);
                    results.Add(Run(files, type, parsed.GetValue(repetitions), parsed.GetValue(threads), parsed.GetValue(keep)));
                    if (parsed.GetValue(json) is { } path) File.WriteAllText(path, JsonSerializer.Serialize(results, s_json));
                }
            }

            QuantisedResult.Print(results, Console.Out);
            return results.All(result => result.IsWithinBounds) ? 0 : 1;
        });
        return command;
    }

    private static QuantisedResult Run(QuantisedFiles files, GgufType type, int repetitions, int? threads, bool keep)
    {
        int count = threads ?? Environment.ProcessorCount;
        try
        {
            Console.Error.WriteLine($"Writing {files.Model.Title} as {type} to {files.Folder}");
            files.Write(type);
            // The first read brings the files into the operating system's cache.
            FileReading.ReadElsewhere(files.Weights);
            // The first opening brings memory that nothing has used yet to the machine, which a virtual one gets from its host at a
            // twentieth of the speed.
            QuantisedMeasurement.OpenElsewhere(files, count);
            double[] reads = new double[repetitions], opens = new double[repetitions];
            for (int i = 0; i < repetitions; i++)
            {
                reads[i] = FileReading.ReadElsewhere(files.Weights);
                opens[i] = QuantisedMeasurement.OpenElsewhere(files, count);
            }

            return new QuantisedResult(
                files.Model.Title, type.Name, count, files.Length, reads, opens, QuantisedMeasurement.GenerateElsewhere(files, count),
                MachineLoad.Current);
        }
        finally
        {
            if (!keep && Directory.Exists(files.Folder)) Directory.Delete(files.Folder, recursive: true);
        }
    }
}
