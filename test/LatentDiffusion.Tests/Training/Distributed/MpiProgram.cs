using System.Diagnostics;
using Xunit;

namespace LatentDiffusion.Tests.Training.Distributed;

/// <summary>A program that mpirun starts several times on this machine.</summary>
internal sealed class MpiProgram : IDisposable
{
    // Ends a program that hangs; no test depends on it.
    private static readonly TimeSpan s_hang = TimeSpan.FromMinutes(20);

    private readonly Process _mpirun;
    private readonly Task<string> _output, _error;

    private MpiProgram(Process mpirun) =>
        (_mpirun, _output, _error) = (mpirun, mpirun.StandardOutput.ReadToEndAsync(), mpirun.StandardError.ReadToEndAsync());

    public bool HasExited => _mpirun.HasExited;

    /// <summary>The processes that it has started and that still run.</summary>
    public IReadOnlyList<int> Ranks =>
    [
        .. from folder in Directory.GetDirectories("/proc")
           let id = int.TryParse(Path.GetFileName(folder), out int number) ? number : 0
           where id > 0 && ParentOf(id) == _mpirun.Id
           select id,
    ];

    public static void RequireMpirun()
    {
        string[] folders = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, "mpirun")))) Assert.Skip("Open MPI's mpirun is not installed.");
    }

    public static MpiProgram Start(int ranks, string program, params string[] arguments)
    {
        string[] mpirun =
        [
            "-np", $"{ranks}", "--oversubscribe", "--bind-to", "none", "--allow-run-as-root", "dotnet", program, .. arguments,
        ];
        return Start("mpirun", mpirun);
    }

    /// <summary>Starts mpirun by another program.</summary>
    public static MpiProgram Start(string launcher, string[] arguments) => new(Process.Start(
        new ProcessStartInfo(launcher, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!);

    /// <summary>Waits for the end, and returns what was printed.</summary>
    public (int ExitCode, string Output) Finish()
    {
        Assert.True(_mpirun.WaitForExit(s_hang), "mpirun hangs");
        return (_mpirun.ExitCode, _output.Result + _error.Result);
    }

    /// <summary>Waits for the end of a run that succeeds.</summary>
    public string Succeed()
    {
        (int exitCode, string output) = Finish();
        Assert.True(exitCode == 0, $"ended with {exitCode}: {output}");
        return output;
    }

    /// <summary>Kills a process without a warning.</summary>
    public static void Kill(int process)
    {
        try
        {
            using var killed = Process.GetProcessById(process);
            killed.Kill();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // It has ended meanwhile.
        }
    }

    public void KillAll()
    {
        int[] ranks = [.. Ranks];
        Kill(_mpirun.Id);
        foreach (int rank in ranks) Kill(rank);
        _mpirun.WaitForExit();
    }

    public void Dispose()
    {
        if (!_mpirun.HasExited) KillAll();
        _mpirun.Dispose();
    }

    private static int ParentOf(int process)
    {
        try
        {
            // The name in parentheses may contain anything; the state and the parent follow it.
            string[] fields = File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return int.Parse(fields[1], System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
