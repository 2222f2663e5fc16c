using System.Globalization;
using System.Text.Json;
using LatentDiffusion;
using Spectre.Console;

namespace TrainFromScratch;

/// <summary>Shows a stage's progress as a bar, and writes its metrics as JSON lines.</summary>
internal static class TrainingConsole
{
    private const int MetricsEvery = 10;

    public static T Show<T>(string folder, string stage, Func<IProgress<TrainingProgress>, T> run)
    {
        using StreamWriter metrics = File.AppendText(Path.Combine(folder, $"{stage}.metrics.jsonl"));
        return Bars(stage, bar => run(new Report<TrainingProgress>(p =>
        {
            bar.MaxValue = p.Steps;
            bar.Value = p.Step;
            bar.Description = string.Create(CultureInfo.InvariantCulture,
                $"{stage} {p.Step}/{p.Steps}  loss {p.SmoothedLoss:F4}  lr {p.LearningRate:0.0e-0}  {p.Remaining:h\\:mm\\:ss} left");
            if (p.Step % MetricsEvery != 0) return;
            metrics.WriteLine(JsonSerializer.Serialize(new { p.Step, p.Loss, p.SmoothedLoss, p.LearningRate, p.GradientNorm, Seconds = p.Elapsed.TotalSeconds }));
            metrics.Flush();
        })));
    }

    public static T ShowCount<T>(string stage, long count, Func<IProgress<long>, T> run) => Bars(stage, bar =>
    {
        bar.MaxValue = count;
        return run(new Report<long>(done => bar.Value = done));
    });

    private static T Bars<T>(string stage, Func<ProgressTask, T> run) => AnsiConsole.Progress()
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
        .Start(context => run(context.AddTask(stage)));

    /// <summary>Reports on the calling thread, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Report<T>(Action<T> action) : IProgress<T>
    {
        void IProgress<T>.Report(T value) => action(value);
    }
}
