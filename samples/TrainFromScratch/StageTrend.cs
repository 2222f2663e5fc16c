using System.Globalization;
using LatentDiffusion.Evaluation;
using Spectre.Console;

namespace TrainFromScratch;

/// <summary>How a stage's validation loss goes on: judged after each validation, recorded, and said.</summary>
/// <param name="run">Where it is recorded.</param>
/// <param name="stage">Name of the stage.</param>
internal sealed class StageTrend(RunFolder run, string stage)
{
    public string Stage => stage;

    /// <summary>The latest validation in a few words, for the line that shows the progress; empty before the first.</summary>
    public string InShort { get; private set; } = "";

    public void Record(long step, LossEstimate loss)
    {
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

    /// <summary>Says on the console how it stands, where there was a validation: at the stage's end, and also when it is stopped.</summary>
    public void Say()
    {
        if (run.Read(stage, MetricNames.ValidationLoss).Count > 0) AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[bold]{stage}[/]: {run.Judge(stage).ToString()}");
    }
}
