using System.CommandLine;

namespace LatentDiffusion.Samples;

/// <summary>
/// What the command lines here have in common: wrong usage is one line and exit code 2, a failure one line and 1, Ctrl-C 130, while
/// a model is loaded too.
/// </summary>
internal static class CommandFrame
{
    /// <summary>Sets what a command does, on a thread of its own: what blocks, as loading does, does not hold up Ctrl-C.</summary>
    public static void SetWork(this Command command, Func<ParseResult, CancellationToken, Task<int>> work) =>
        command.SetAction((parsed, cancellationToken) => Task.Run(() => work(parsed, cancellationToken), CancellationToken.None));

    /// <inheritdoc cref="SetWork(Command, Func{ParseResult, CancellationToken, Task{int}})"/>
    public static void SetWork(this Command command, Func<ParseResult, CancellationToken, int> work) =>
        command.SetWork((parsed, cancellationToken) => Task.FromResult(work(parsed, cancellationToken)));

    /// <summary>Parses the arguments and runs the command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="args">Its arguments.</param>
    /// <param name="cancelled">What is said when it was cancelled.</param>
    /// <param name="finishes">Whether work that is cancelled is waited for, however long it takes to save; otherwise two seconds.</param>
    public static async Task<int> RunAsync(
        this RootCommand command, string[] args, string cancelled = "Cancelled; nothing was written.", bool finishes = false)
    {
        ParseResult parsed;
        try
        {
            parsed = command.WithInvariantNumbers().Parse(args);
        }
        catch (InvalidOperationException e)
        {
            // A validator asked for a value that could not be read.
            return CommandError.WriteUsage(e.Message);
        }

        if (parsed.Errors.Count > 0) return CommandError.WriteUsage(parsed.Errors[0].Message);
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = finishes ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(2),
            });
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
