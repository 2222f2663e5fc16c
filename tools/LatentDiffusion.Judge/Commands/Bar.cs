using Spectre.Console;

namespace LatentDiffusion.Judge;

/// <summary>Shows progress on the error stream: the output of a command is only its tables.</summary>
internal static class Bar
{
    private static readonly IAnsiConsole s_console =
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>Runs an action that reports how much of a total is done.</summary>
    public static void Show(string name, int total, Action<IProgress<int>> action) => s_console.Progress().Start(context =>
    {
        ProgressTask bar = context.AddTask(Markup.Escape(name), maxValue: Math.Max(total, 1));
        action(new SynchronousProgress<int>(done => bar.Value = done));
    });

    /// <summary>Trains; the bar shows the loss after the name.</summary>
    public static bool Train(string name, long steps, Func<IProgress<TrainingProgress>, bool> action) =>
        s_console.Progress().Start(context =>
        {
            ProgressTask bar = context.AddTask(Markup.Escape(name), maxValue: steps);
            return action(new SynchronousProgress<TrainingProgress>(p =>
            {
                bar.Value = p.Step;
                bar.Description = Markup.Escape($"{name}, loss {p.SmoothedLoss:F3}");
            }));
        });
}
