using System.Runtime.InteropServices;
using LatentDiffusion.Samples;

namespace Studio;

/// <summary>From the start of a host to its end, with an exit code.</summary>
internal static class HostLifetime
{
    /// <summary>Starts a host, says so, and waits until it has stopped.</summary>
    /// <param name="host">The host.</param>
    /// <param name="greeting">The line to write after the start.</param>
    /// <returns>130 after Ctrl-C, 1 if a model failed to load, 0 otherwise.</returns>
    public static async Task<int> RunToEndAsync(this IHost host, Func<string> greeting)
    {
        bool isInterrupted = false;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => isInterrupted = true);
        await host.StartAsync();
        Console.WriteLine(greeting());
        await host.WaitForShutdownAsync();
        bool hasFailed = host.Services.GetRequiredService<ModelLoading>().HasFailed;
        return hasFailed ? CommandError.Failure : isInterrupted ? CommandError.Cancelled : 0;
    }
}
