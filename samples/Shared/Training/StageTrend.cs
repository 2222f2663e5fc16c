using System.Globalization;
using LatentDiffusion.Evaluation;
using Spectre.Console;

namespace LatentDiffusion.Samples;

/// <summary>Judges the trend of a stage's validation loss after each validation, records it, and prints it.</summary>
/// <param name="run">The run's folder; null where another process records.</param>
/// <param name="stage">Name of the stage.</param>
internal sealed class StageTrend(RunFolder? run, string stage)
{
    public string Stage => stage;

    /// <summary>The latest validation in a few words, for the progress line; empty before the first.</summary>
    public string InShort { get; private set; } = "";

    public void Record(long step, LossEstimate loss)
    {
        if (run is null) return;
        run.Record(stage, step, loss);
        ConvergenceEstimate judged = run.Judge(stage);
        run.Record(stage, judged);
        string trend = judged.Verdict switch
        {
            ConvergenceVerdict.StillFalling => string.Create(CultureInfo.InvariantCulture, $", falls by {-judged.Slope:G2} in 1000 steps"),
            ConvergenceVerdict.Rising => string.Create(CultureInfo.InvariantCulture, $", rises by {judged.Slope:G2} in 1000 steps"),
            ConvergenceVerdict.Flat => ", flat",
            _ => "",
        };
        InShort = string.Create(CultureInfo.InvariantCulture, $"  validation {loss.Mean:F4}{trend}");
    }

    /// <summary>Prints the trend if there was a validation, at the end of a stage and when it is stopped.</summary>
    public void Write(IAnsiConsole console)
    {
        if (run is null || run.Read(stage, MetricNames.ValidationLoss).Count == 0) return;
        console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[bold]{stage}[/]: {run.Judge(stage).ToString()}");
    }
}
