using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// What training on several processes adds to a step of the shipped model: bytes, time and share of the sum of gradients, under Open MPI
/// on this machine; and what follows for larger models on several machines.
/// </summary>
internal static class ReductionBenchmark
{
    private const int Machines = 8;

    private static readonly double[] s_gigabits = [10, 100];

    public static Command Create()
    {
        var steps = new Option<int>("--steps") { Description = "Number of measured steps.", DefaultValueFactory = _ => 10 };
        var batch = new Option<int>("--batch") { Description = "Images per batch.", DefaultValueFactory = _ => 16 };
        var processes = new Option<int[]>("--processes")
        {
            Description = "Numbers of processes, one measurement each.", DefaultValueFactory = _ => [1, 2, 4],
            AllowMultipleArgumentsPerToken = true,
        };
        var anyOrder = new Option<bool>("--any-order") { Description = "Sum in any order, with MPI_Iallreduce." };
        foreach (Option option in (Option[])[steps, batch, processes])
            option.Validators.Add(result =>
            {
                foreach (string given in result.Tokens.Select(token => token.Value))
                    if (int.TryParse(given, CultureInfo.InvariantCulture, out int value) && value < 1)
                        result.AddError($"{option.Name} is {value}; it must be at least 1.");
            });
        const string Description = "Bytes, time and share of a step that the sum of gradients takes, with 1 thread per process.";
        var command = new Command("reduction", Description) { steps, batch, processes, anyOrder };
        command.SetAction(parsed =>
        {
            ReductionMeasurement[] measured =
            [
                .. parsed.GetValue(processes)!.Select(
                    count => Run(count, parsed.GetValue(steps), parsed.GetValue(batch), parsed.GetValue(anyOrder))),
            ];
            Print(measured);
        });
        return command;
    }

    private static ReductionMeasurement Run(int processes, int steps, int batch, bool anyOrder)
    {
        string self = Environment.ProcessPath!;
        string[] program = Path.GetFileNameWithoutExtension(self) == "dotnet"
            ? [self, typeof(ReductionBenchmark).Assembly.Location] : [self];
        string[] arguments =
        [
            "-np", $"{processes}", "--oversubscribe", "--bind-to", "none", "--allow-run-as-root", .. program,
            ReductionMeasurement.Name, $"{steps}", $"{batch}", $"{anyOrder}",
        ];
        using Process mpirun = Process.Start(new ProcessStartInfo("mpirun", arguments) { RedirectStandardOutput = true })!;
        string output = mpirun.StandardOutput.ReadToEnd();
        mpirun.WaitForExit();
        // A terminal's control sequence may come first.
        string? result = output.Split('\n').Where(line => line.Contains('{')).Select(line => line[line.IndexOf('{')..]).FirstOrDefault();
        return mpirun.ExitCode == 0 && result is not null
            ? JsonSerializer.Deserialize<ReductionMeasurement>(result)!
            : throw new MeasurementException($"mpirun ended with {mpirun.ExitCode}; its error is above.");
    }

    private static void Print(ReductionMeasurement[] measured)
    {
        Console.WriteLine();
        Console.WriteLine("| processes | gradients | sent per process and step | step | sum | share of the step | sum alone | agreement |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (ReductionMeasurement m in measured)
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {m.Processes} | {m.Values / 1e6:0.00} million | {Bytes(m.Values, m.Processes) / 1e6:0.0} MB | {m.StepSeconds:0.00} s "
                + $"| {1000 * m.SumSeconds:0.0} ms | {m.SumSeconds / m.StepSeconds:P1} | {1000 * m.AloneSeconds:0.0} ms "
                + $"| {1e6 * m.AgreementSeconds:0} µs |"));
        if (measured.LastOrDefault(m => m.Processes == 2) is not { } pair) return;

        // Copies and additions grow with the number of values only.
        double perValue = pair.AloneSeconds / pair.Values;
        Console.WriteLine();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Within one machine the sum of 2 processes takes {1e9 * perValue:0.00} ns per value. "
            + $"On {Machines} machines, per million values:"));
        foreach (double gigabits in s_gigabits)
        {
            double wire = Bytes(1_000_000, Machines) * 8 / (gigabits * 1e9);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"- {gigabits} Gbit/s: {1000 * wire:0.00} ms on the wire and {1e9 * perValue:0.00} ms within the machine"));
        }
    }

    /// <summary>What each process sends: its part of the gradients to the others, and its part of the sum to all.</summary>
    private static double Bytes(double values, int processes) => 2.0 * (processes - 1) / processes * values * sizeof(float);
}
