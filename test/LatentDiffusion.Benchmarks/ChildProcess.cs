using System.Diagnostics;
using System.Text.Json;

namespace LatentDiffusion.Benchmarks;

/// <summary>Runs this program in a separate process, so that nothing before a measurement affects it.</summary>
internal static class ChildProcess
{
    /// <summary>Runs one of the hidden commands and reads what it printed.</summary>
    public static T Run<T>(params IEnumerable<string> arguments)
    {
        string self = Environment.ProcessPath!;
        bool isHost = Path.GetFileNameWithoutExtension(self) == "dotnet";
        IEnumerable<string> all = isHost ? [typeof(ChildProcess).Assembly.Location, .. arguments] : arguments;
        var start = new ProcessStartInfo(self, all) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<T>(output)!
            : throw new MeasurementException($"'{string.Join(' ', arguments)}' ended with {process.ExitCode}; its error is above.");
    }

    /// <summary>Prints a result for <see cref="Run"/>.</summary>
    public static void Print<T>(T result) => Console.WriteLine(JsonSerializer.Serialize(result));
}
