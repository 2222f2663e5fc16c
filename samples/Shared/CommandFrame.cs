using System.CommandLine;

namespace LatentDiffusion.Samples;

/// <summary>
/// Shared by the command lines. Wrong usage writes one line and exits with 2, a failure one line and 1; Ctrl-C exits with 130, also while
/// a model loads.
/// </summary>
internal static class CommandFrame
{
    private static Task<int>? s_work;

    /// <summary>Sets the action of a command, on a separate thread: blocking work, such as loading, does not hold up Ctrl-C.</summary>
    public static void SetWork(this Command command, Func<ParseResult, CancellationToken, Task<int>> work) =>
        command.SetAction((parsed, cancellationToken) => s_work = Task.Run(() => work(parsed, cancellationToken), CancellationToken.None));

    /// <inheritdoc cref="SetWork(Command, Func{ParseResult, CancellationToken, Task{int}})"/>
    public static void SetWork(this Command command, Func<ParseResult, CancellationToken, int> work) =>
        command.SetWork((parsed, cancellationToken) => Task.FromResult(work(parsed, cancellationToken)));

    /// <summary>Parses the arguments and runs the command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="args">Its arguments.</param>
    /// <param name="cancelled">Message after a cancellation.</param>
    /// <param name="finishes">Whether to wait for cancelled work until it has saved; otherwise at most two seconds.</param>
    public static async Task<int> RunAsync(
        this RootCommand command, string[] args, string cancelled = "Cancelled; nothing was written.", bool finishes = false)
    {
        ParseResult parsed;
        try
        {
            parsed = command.WithInvariantNumbers().WithNonEmptyPaths().Parse(args);
        }
        catch (InvalidOperationException e)
        {
            // A validator asked for a value that could not be read.
            return CommandError.WriteUsage(e.Message);
        }

        if (parsed.Errors.Count > 0) return CommandError.WriteUsage(parsed.Errors[0].Message);
        try
        {
            int exitCode = await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = finishes ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(2),
            });
            if (s_work is { IsCompleted: false })
            {
                Console.Error.WriteLine(cancelled);
                ProcessEnd.Now(exitCode);
            }

            return exitCode;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine(cancelled);
            return CommandError.Cancelled;
        }
        catch (Exception e)
        {
            return CommandError.Write(e);
        }
    }
}
