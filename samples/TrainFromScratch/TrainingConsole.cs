using System.Globalization;
using LatentDiffusion.Training;
using Spectre.Console;

namespace TrainFromScratch;

/// <summary>Shows a stage's progress as a bar, and records its metrics.</summary>
internal static class TrainingConsole
{
    private const int RecordEvery = 10;

    public static bool Show(RunContext context, StageTrend trend, Func<IProgress<TrainingProgress>, bool> train)
    {
        long? first = null;
        string stage = trend.Stage;
        bool done = Bars(stage, bar => train(new SynchronousProgress<TrainingProgress>(p =>
        {
            if (first is null) context.Run.ResumeAt(stage, (first = p.Step - 1).Value);
            bar.MaxValue = p.Steps;
            bar.Value = p.Step;
            bar.Description = string.Create(CultureInfo.InvariantCulture,
                $"{stage} {p.Step}/{p.Steps}  {(p.Step - first.Value) / p.Elapsed.TotalSeconds:G3} steps/s  loss {p.SmoothedLoss:F4}  "
                + $"lr {p.LearningRate:0.0e-0}  {p.Remaining:h\\:mm\\:ss} left{trend.InShort}");
            if (p.Step % RecordEvery == 0 || p.Step == p.Steps) context.Run.Record(stage, p);
        })));
        trend.Say();
        return done;
    }

    public static T ShowCount<T>(string stage, long count, Func<IProgress<long>, T> run) => Bars(stage, bar =>
    {
        bar.MaxValue = count;
        return run(new SynchronousProgress<long>(done => bar.Value = done));
    });

    private static T Bars<T>(string stage, Func<ProgressTask, T> run) => AnsiConsole.Progress()
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
        .Start(context => run(context.AddTask(stage)));
}
