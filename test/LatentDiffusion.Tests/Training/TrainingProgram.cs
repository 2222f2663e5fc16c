using System.Diagnostics;
using Xunit;

namespace LatentDiffusion.Tests.Training;

/// <summary>
/// The training program in a separate process, as a user starts it. Its output is read from the start, so that a full pipe never stops
/// it.
/// </summary>
internal sealed class TrainingProgram : IDisposable
{
    // Ends a program that hangs. No test depends on it: a busy machine makes a run slow by a factor, not by this much.
    private static readonly TimeSpan s_hang = TimeSpan.FromHours(1);

    private readonly Process _process;
    private readonly Task<string> _output, _error;

    private TrainingProgram(Process process) =>
        (_process, _output, _error) = (process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());

    public static string TinyRecipe => Path.Combine(AppContext.BaseDirectory, "Training", "tiny-recipe.json");

    public Process Process => _process;

    public static TrainingProgram Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [BuildSettings.Sample("TrainFromScratch"), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        return new(Process.Start(start)!);
    }

    /// <summary>Waits for a moment of the run, which must come before its end.</summary>
    public void Reach(string moment, Func<bool> reached)
    {
        SpinWait.SpinUntil(() => reached() || _process.HasExited, s_hang);
        Assert.False(_process.HasExited, $"the run was over before {moment} could be seen: {(_process.HasExited ? _error.Result : "")}");
    }

    /// <summary>Kills it without a warning.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Asks it to end, as Ctrl-C does, which a program started in the background may ignore.</summary>
    public void Terminate()
    {
        using Process kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits for the end with an exit code and returns what it printed and reported.</summary>
    public (string Output, string Error) Finish(int exitCode = 0)
    {
        Assert.True(_process.WaitForExit(s_hang), "the program hangs");
        Assert.True(_process.ExitCode == exitCode, $"ended with {_process.ExitCode}: {_output.Result}{_error.Result}");
        return (_output.Result, _error.Result);
    }

    /// <summary>No half-written file is in the folder of a run that was killed and then finished.</summary>
    public static void AssertNothingLeft(string run) => Assert.DoesNotContain(
        Directory.GetFiles(run, "*", SearchOption.AllDirectories),
        f => f.EndsWith(".tmp", StringComparison.Ordinal) || f.EndsWith(".partial", StringComparison.Ordinal));

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }
}
