using Spectre.Console;

namespace LatentDiffusion.Samples;

/// <summary>Progress goes to the error stream: standard output holds only results.</summary>
internal static class ErrorConsole
{
    public static IAnsiConsole Create() => Create(Console.Error);

    /// <summary>For bars of a few seconds, which would only fill a file with lines.</summary>
    public static IAnsiConsole CreateForTerminal() => Create(Console.IsErrorRedirected ? TextWriter.Null : Console.Error);

    private static IAnsiConsole Create(TextWriter writer) =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
}
