using Spectre.Console;

namespace LatentDiffusion.Judge;

/// <summary>Progress on the error stream: what a command prints is its tables alone.</summary>
internal static class Bar
{
    private static readonly IAnsiConsole s_console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>Runs something that tells how many of so many are done.</summary>
    public static void Show(string name, int total, Action<IProgress<int>> action) => s_console.Progress().Start(context =>
    {
        ProgressTask bar = context.AddTask(Markup.Escape(name), maxValue: Math.Max(total, 1));
        action(new Report<int>(done => bar.Value = done));
    });

    /// <summary>Trains something; the loss stands beside its name.</summary>
    public static bool Train(string name, long steps, Func<IProgress<TrainingProgress>, bool> action) => s_console.Progress().Start(context =>
    {
        ProgressTask bar = context.AddTask(Markup.Escape(name), maxValue: steps);
        return action(new Report<TrainingProgress>(p => (bar.Value, bar.Description) = (p.Step, Markup.Escape($"{name}, loss {p.SmoothedLoss:F3}"))));
    });
}
