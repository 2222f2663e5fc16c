using System.Diagnostics;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>A process of this program.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private WorkerProcess(Process process) => _process = process;

    /// <summary>Starts a worker and waits until it offers its models.</summary>
    /// <param name="program">Path of this program's assembly.</param>
    /// <param name="location">The queue.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public static async Task<WorkerProcess> StartAsync(string program, QueueLocation location, CancellationToken cancellationToken)
    {
        var worker = new WorkerProcess(Start(program, "work", location.Database, location.Connection, location.Store));
        string? line = await worker._process.StandardOutput.ReadLineAsync(cancellationToken);
        if (line != WorkCommand.Ready) throw new InvalidOperationException($"The worker did not start: {line}");
        return worker;
    }

    /// <summary>Runs a command to its end and returns its output.</summary>
    public static async Task<string> OutputAsync(string program, CancellationToken cancellationToken, params string[] arguments)
    {
        using Process process = Start(program, arguments);
        string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{arguments[0]} ended with {process.ExitCode}.");
    }

    /// <summary>Kills it as the system does when memory runs out.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }

    private static Process Start(string program, params string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
}
