using System.Globalization;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Training;
using Spectre.Console;

namespace LatentDiffusion.Samples;

/// <summary>Shows a stage's progress as a bar, and records its metrics.</summary>
/// <param name="results">Where the trend of the loss is printed.</param>
/// <param name="bars">Where the bars are.</param>
/// <param name="run">The run's folder; null in a process that shows and records nothing.</param>
internal sealed class TrainingConsole(IAnsiConsole results, IAnsiConsole bars, RunFolder? run)
{
    private const int RecordEvery = 10;

    /// <summary>Trains with a bar; at the end, and when it is stopped, the trend of the validation loss is printed.</summary>
    public bool Show(StageTrend trend, Func<IProgress<TrainingProgress>?, bool> train)
    {
        if (run is null) return train(null);
        long? first = null;
        string stage = trend.Stage;
        bool done = Bars(stage, bar => train(new SynchronousProgress<TrainingProgress>(p =>
        {
            if (first is null) run.ResumeAt(stage, (first = p.Step - 1).Value);
            bar.MaxValue = p.Steps;
            bar.Value = p.Step;
            bar.Description = string.Create(CultureInfo.InvariantCulture,
                $"{stage} {p.Step}/{p.Steps}  {(p.Step - first.Value) / p.Elapsed.TotalSeconds:G3} steps/s  loss {p.SmoothedLoss:F4}  "
                + $"lr {p.LearningRate:0.0e-0}  {p.Remaining:h\\:mm\\:ss} left{trend.InShort}");
            if (p.Step % RecordEvery == 0 || p.Step == p.Steps) run.Record(stage, p);
        })));
        trend.Write(results);
        return done;
    }

    /// <summary>Shows how many items are done.</summary>
    public T ShowCount<T>(string stage, long count, Func<IProgress<long>?, T> work) => run is null ? work(null) : Bars(stage, bar =>
    {
        bar.MaxValue = count;
        return work(new SynchronousProgress<long>(done => bar.Value = done));
    });

    private T Bars<T>(string stage, Func<ProgressTask, T> work) => bars.Progress()
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
        .Start(context => work(context.AddTask(stage)));
}
