using System.Diagnostics;
using System.Globalization;

namespace LatentDiffusion.Fuzzing;

/// <summary>Runs a target in a separate process, so that an input that kills it is identified, and the rest is tested.</summary>
internal static class FuzzProcess
{
    private const int Passed = 0, Failed = 1;

    /// <summary>Tests inputs with consecutive seeds.</summary>
    /// <returns>Whether all passed.</returns>
    public static bool Run(string target, int first, int count, FuzzLimits limits, TextWriter output)
    {
        string notes = Path.GetTempFileName();
        try
        {
            bool passed = true;
            for (int next = first; next < first + count;)
            {
                File.WriteAllBytes(notes, BitConverter.GetBytes((long)next));
                int exitCode = Start(target, next, first + count - next, limits, notes);
                if (exitCode is Passed or Failed) return passed && exitCode == Passed;
                int seed = (int)BitConverter.ToInt64(File.ReadAllBytes(notes));
                if (exitCode != FuzzWorker.Endless) FuzzSummary.PrintFailure(target, seed, $"The process ended with {exitCode}.", output);
                (passed, next) = (false, seed + 1);
            }

            return passed;
        }
        finally
        {
            File.Delete(notes);
        }
    }

    private static int Start(string target, int first, int count, FuzzLimits limits, string notes)
    {
        string self = Environment.ProcessPath!;
        bool isHost = Path.GetFileNameWithoutExtension(self) == "dotnet";
        string[] arguments =
        [
            .. isHost ? [typeof(FuzzProcess).Assembly.Location] : Array.Empty<string>(),
            "worker", "--target", target, "--seed", Text(first), "--count", Text(count), "--notes", notes,
            "--cpu-seconds", Text(limits.Cpu!.Value.TotalSeconds), "--megabytes", Text(limits.Bytes / 1_000_000),
        ];
        using Process process = Process.Start(new ProcessStartInfo(self, arguments))!;
        process.WaitForExit();
        return process.ExitCode;
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
