using System.Diagnostics;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>A process of this program.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_restart = TimeSpan.FromSeconds(1);

    private readonly Process _process;

    private WorkerProcess(Process process) => _process = process;

    /// <summary>Starts a worker and waits until it offers its models.</summary>
    /// <param name="program">Path of this program's assembly.</param>
    /// <param name="location">The queue.</param>
    /// <param name="networkNamespace">Namespace of its network; null for this machine's.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public static async Task<WorkerProcess> StartAsync(
        string program, QueueLocation location, string? networkNamespace, CancellationToken cancellationToken)
    {
        string[] work = ["dotnet", program, "work", location.Database, location.Connection, location.Store, $"{location.HasShortTimes}"];
        // ip replaces itself by the program, so that a kill reaches the worker.
        string[] command = networkNamespace is null ? work : ["ip", "netns", "exec", networkNamespace, .. work];
        while (true)
        {
            var worker = new WorkerProcess(Start(command));
            if (await worker._process.StandardOutput.ReadLineAsync(cancellationToken) == WorkCommand.Ready) return worker;
            // A worker ends where it does not reach the database, and a service manager starts it again.
            await worker.DisposeAsync();
            await Task.Delay(s_restart, cancellationToken);
        }
    }

    /// <summary>Runs a command to its end and returns its output.</summary>
    public static async Task<string> OutputAsync(string program, CancellationToken cancellationToken, params string[] arguments)
    {
        using Process process = Start(["dotnet", program, .. arguments]);
        string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{arguments[0]} ended with {process.ExitCode}.");
    }

    /// <summary>Starts a command that answers lines, and waits until it is ready.</summary>
    public static async Task<WorkerProcess> StartAsync(params string[] arguments)
    {
        var process = new WorkerProcess(Start(["dotnet", typeof(WorkerProcess).Assembly.Location, .. arguments]));
        return await process._process.StandardOutput.ReadLineAsync() == WorkCommand.Ready
            ? process
            : throw new InvalidOperationException($"{arguments[0]} ended before it was ready.");
    }

    /// <summary>Writes a line to its input and returns the line that it answers.</summary>
    public async Task<string> AskAsync(string line, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        return await _process.StandardOutput.ReadLineAsync(cancellationToken)
            ?? throw new InvalidOperationException("The process ended instead of answering.");
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

    private static Process Start(string[] command) => Process.Start(
        new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
}
