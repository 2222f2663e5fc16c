using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Samples;

/// <summary>What went wrong, in one line on the error stream, and the exit code that goes with it.</summary>
internal static class CommandError
{
    public const int Failure = 1, WrongUsage = 2, Cancelled = 130;

    // An argument that a message quotes may be of any length.
    private const int LongestMessage = 900;

    /// <summary>Writes what the arguments ask for and cannot be done; the exit code.</summary>
    public static int WriteUsage(string message)
    {
        Console.Error.WriteLine($"{Cut(message)} (--help tells all options.)");
        return WrongUsage;
    }

    /// <summary>Writes a failure; the exit code.</summary>
    public static int Write(Exception exception)
    {
        while (exception is AggregateException { InnerExceptions: [var first, ..] }) exception = first;
        string message = exception is ArgumentException { ParamName: { } name }
            ? exception.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : exception.Message;
        message = message.ReplaceLineEndings(" ");
        // What an option says, and the library refuses before it does anything.
        if (exception is ArgumentException or ValidationException or GenerationLimitException) return WriteUsage(message);
        Console.Error.WriteLine(Cut(message));
        return Failure;
    }

    private static string Cut(string message) => message.Length <= LongestMessage ? message : message[..LongestMessage] + "…";
}
