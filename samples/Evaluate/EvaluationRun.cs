using LatentDiffusion.Evaluation;
using LatentDiffusion.Training;
using Spectre.Console;
using static TorchSharp.torch;

namespace Evaluate;

/// <summary>Runs an evaluation with a progress bar for each stage, and writes the report.</summary>
internal static class EvaluationRun
{
    public static void Execute(
        string model, EvaluationData data, ModelEvaluationOptions options, Device device, string folder, IProcessGroup? processes,
        CancellationToken cancellationToken)
    {
        var evaluation = new ModelEvaluation(options) { Device = device, Processes = processes };
        if (!processes.IsFirst())
        {
            evaluation.Run(model, data, null, cancellationToken);
            return;
        }

        EvaluationReport report = AnsiConsole.Progress()
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(),
                new RemainingTimeColumn())
            .Start(context => evaluation.Run(model, data, new Bars(context), cancellationToken));
        ReportFolder.Write(report, folder);
        ResultTables.Print(report);
        Console.WriteLine($"The report is in {Path.Combine(Path.GetFullPath(folder), "report.md")}");
    }

    private sealed class Bars(ProgressContext context) : IProgress<EvaluationProgress>
    {
        private readonly Dictionary<string, ProgressTask> _bars = [];

        public void Report(EvaluationProgress value)
        {
            if (!_bars.TryGetValue(value.Stage, out ProgressTask? bar))
                _bars[value.Stage] = bar = context.AddTask(value.Stage, maxValue: 1);
            bar.Value = value.Fraction;
        }
    }
}
