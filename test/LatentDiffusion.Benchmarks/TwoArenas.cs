using System.Diagnostics;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// glibc gives threads separate memory, up to eight arenas per core, each of which keeps the peak of one generation. Memory is
/// bounded, but settles later with more arenas: servers limit them, and so does the soak test.
/// </summary>
internal static class TwoArenas
{
    private const string Variable = "MALLOC_ARENA_MAX";

    /// <summary>
    /// Runs this program again with two arenas and returns its exit code; null if the limit is set or the system does not use arenas.
    /// </summary>
    public static int? RunAgain(string[] arguments)
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(Variable) is not null) return null;
        string self = Environment.ProcessPath!;
        bool isHost = Path.GetFileNameWithoutExtension(self) == "dotnet";
        var start = new ProcessStartInfo(self, isHost ? [typeof(TwoArenas).Assembly.Location, .. arguments] : arguments);
        start.Environment[Variable] = "2";
        using Process process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
