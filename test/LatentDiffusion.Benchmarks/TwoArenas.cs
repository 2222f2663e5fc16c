using System.Diagnostics;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// glibc gives threads memory of their own, up to eight arenas a core, each of which keeps what one generation once needed.
/// That is bounded, and settles later the more arenas there are: servers limit them, and so does the soak.
/// </summary>
internal static class TwoArenas
{
    private const string Variable = "MALLOC_ARENA_MAX";

    /// <summary>Runs this program again with two arenas and gives its exit code; null where it has its limit, or the system has none.</summary>
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
