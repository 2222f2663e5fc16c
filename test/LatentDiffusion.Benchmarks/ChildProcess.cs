using System.Diagnostics;
using System.Text.Json;

namespace LatentDiffusion.Benchmarks;

/// <summary>Runs this program in a separate process, so that nothing before a measurement affects it.</summary>
internal static class ChildProcess
{
    /// <summary>Runs one of the hidden commands and reads its output.</summary>
    public static T Run<T>(params IEnumerable<string> arguments)
    {
        using Process process = Start(arguments);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<T>(output)!
            : throw new MeasurementException($"'{string.Join(' ', arguments)}' ended with {process.ExitCode}; its error is above.");
    }

    /// <summary>Starts one of the hidden commands. Its input and output are pipes.</summary>
    public static Process Start(params IEnumerable<string> arguments)
    {
        string self = Environment.ProcessPath!;
        bool isHost = Path.GetFileNameWithoutExtension(self) == "dotnet";
        IEnumerable<string> all = isHost ? [typeof(ChildProcess).Assembly.Location, .. arguments] : arguments;
        return Process.Start(new ProcessStartInfo(self, all) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    /// <summary>Prints a result for <see cref="Run"/>.</summary>
    public static void Print<T>(T result) => Console.WriteLine(JsonSerializer.Serialize(result));
}
