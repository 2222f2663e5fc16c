using Spectre.Console;

namespace LatentDiffusion.Samples;

/// <summary>Progress goes to the error stream: standard output holds only results.</summary>
internal static class ErrorConsole
{
    public static IAnsiConsole Create() => AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
}
