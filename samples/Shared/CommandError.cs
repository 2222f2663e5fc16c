using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Samples;

/// <summary>Writes an error in one line to the error stream, and gives its exit code.</summary>
internal static class CommandError
{
    public const int Failure = 1, WrongUsage = 2, Cancelled = 130;

    // An argument that a message quotes may be of any length.
    private const int LongestMessage = 900;

    /// <summary>Writes that the arguments ask for something impossible; returns the exit code.</summary>
    public static int WriteUsage(string message)
    {
        // Lists of choices come with one in each line.
        string line = string.Join(' ', message.Split(['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries));
        Console.Error.WriteLine($"{Truncate(line)} (--help lists all options.)");
        return WrongUsage;
    }

    /// <summary>Writes a failure; the exit code.</summary>
    public static int Write(Exception exception)
    {
        while (exception is AggregateException { InnerExceptions: [var first, ..] }) exception = first;
        string message = exception is ArgumentException { ParamName: { } name }
            ? exception.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : exception.Message;
        message = message.ReplaceLineEndings(" ");
        // An option whose value the library refuses before it does anything.
        if (exception is ArgumentException or ValidationException or GenerationLimitException) return WriteUsage(message);
        Console.Error.WriteLine(Truncate(message));
        return Failure;
    }

    private static string Truncate(string message) => message.Length <= LongestMessage ? message : message[..LongestMessage] + "…";
}
