using System.CommandLine;
using SharpFuzz;

namespace LatentDiffusion.Fuzzing;

/// <summary>The commands of the tool.</summary>
internal static class FuzzCommands
{
    private static readonly Option<string[]> s_targets = Target(
        "Readers to test; all if not given.", new Option<string[]>("--target") { AllowMultipleArgumentsPerToken = true });

    private static readonly Option<string> s_target = Target("The reader.", new Option<string>("--target") { Required = true });
    private static readonly Option<int> s_count = new("--count")
    {
        Description = "Inputs for each reader.", DefaultValueFactory = _ => 5000,
    };

    private static readonly Option<int> s_seed = new("--seed")
    {
        Description = "Seed of the first input; it increases by one per input.",
    };

    private static readonly Option<double> s_cpu = new("--cpu-seconds")
    {
        Description = "Maximum processor time of one input.", DefaultValueFactory = _ => 1,
    };

    private static readonly Option<int> s_megabytes = new("--megabytes")
    {
        Description = "Maximum memory of one input.", DefaultValueFactory = _ => 200,
    };

    /// <summary>All targets in separate processes.</summary>
    public static Command Fuzz()
    {
        const string Description = "Passes seeded, damaged inputs to readers. Every input must be read, or refused with a documented "
            + "exception, within its time and memory. The exit code is 0 if all were.";
        var command = new Command("fuzz", Description)
        {
            s_targets, s_count, s_seed, s_cpu, s_megabytes,
        };
        command.SetAction(parsed =>
        {
            bool passed = true;
            foreach (string target in parsed.GetValue(s_targets) is { Length: > 0 } given ? given : FuzzTargets.Names)
                passed &= FuzzProcess.Run(target, parsed.GetValue(s_seed), parsed.GetValue(s_count), Limits(parsed), Console.Out);
            return passed ? 0 : 1;
        });
        return command;
    }

    /// <summary>One target in this process.</summary>
    public static Command Worker()
    {
        var notes = new Option<string?>("--notes");
        var command = new Command("worker") { s_target, s_count, s_seed, s_cpu, s_megabytes, notes };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            using var targets = new FuzzTargets();
            FuzzTarget target = targets[parsed.GetValue(s_target)!];
            var worker = new FuzzWorker(target, Limits(parsed), Console.Out);
            return worker.Run(parsed.GetValue(s_seed), parsed.GetValue(s_count), parsed.GetValue(notes)) ? 0 : 1;
        });
        return command;
    }

    /// <summary>The entry point for a coverage-guided fuzzer.</summary>
    public static Command Coverage()
    {
        var libFuzzer = new Option<bool>("--libfuzzer") { Description = "Driven by libfuzzer-dotnet; by AFL if not given." };
        const string Description =
            "Passes inputs of a coverage-guided fuzzer to a reader, whose assembly was instrumented with 'sharpfuzz'.";
        var command = new Command("coverage", Description) { s_target, libFuzzer };
        command.SetAction(parsed =>
        {
            using var targets = new FuzzTargets();
            string name = parsed.GetValue(s_target)!;
            // Instrumented code may run only after the fuzzer has provided memory for its traces: the target is created inside.
            if (parsed.GetValue(libFuzzer)) Fuzzer.LibFuzzer.Run(input => Read(targets[name], input.ToArray()));
            else Fuzzer.OutOfProcess.Run(stream =>
            {
                using var input = new MemoryStream();
                stream.CopyTo(input);
                Read(targets[name], input.ToArray());
            });
        });
        return command;
    }

    /// <summary>Initial inputs.</summary>
    public static Command Seeds()
    {
        var folder = new Argument<string>("folder") { Description = "Output folder." };
        const string Description = "Writes inputs of a reader as files, as the initial inputs of a coverage-guided fuzzer.";
        var command = new Command("seeds", Description) { s_target, s_count, s_seed, folder };
        command.SetAction(parsed =>
        {
            using var targets = new FuzzTargets();
            FuzzTarget target = targets[parsed.GetValue(s_target)!];
            Directory.CreateDirectory(parsed.GetValue(folder)!);
            for (int seed = parsed.GetValue(s_seed); seed < parsed.GetValue(s_seed) + parsed.GetValue(s_count); seed++)
                File.WriteAllBytes(Path.Combine(parsed.GetValue(folder)!, $"{seed:D6}"), target.Make(new Random(seed)));
        });
        return command;
    }

    private static void Read(FuzzTarget target, byte[] input)
    {
        try
        {
            target.Read(input);
        }
        catch (Exception e) when (target.Documents(e))
        {
            // Damaged input is expected to be refused.
        }
    }

    private static FuzzLimits Limits(ParseResult parsed) =>
        new(TimeSpan.FromSeconds(parsed.GetValue(s_cpu)), parsed.GetValue(s_megabytes) * 1_000_000L);

    private static Option<T> Target<T>(string description, Option<T> option)
    {
        option.Description = $"{description} One of: {string.Join(", ", FuzzTargets.Names)}.";
        option.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(t => !FuzzTargets.Names.Contains(t.Value)) is { } unknown)
                result.AddError($"--target is '{unknown.Value}'; known are {string.Join(", ", FuzzTargets.Names)}.");
        });
        return option;
    }
}
