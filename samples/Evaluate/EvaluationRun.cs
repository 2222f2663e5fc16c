using LatentDiffusion;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;
using Spectre.Console;
using static TorchSharp.torch;

namespace Evaluate;

/// <summary>Runs an evaluation with a progress bar for each stage, and writes the report.</summary>
internal static class EvaluationRun
{
    /// <param name="folder">The model folder.</param>
    /// <param name="open">Opens the data for a width and height in pixels: those of the model's images.</param>
    /// <param name="options">What is measured.</param>
    /// <param name="device">Device of the networks.</param>
    /// <param name="output">Folder of the report.</param>
    /// <param name="processes">The other processes of the run; null for none.</param>
    /// <param name="cancellationToken">Stops the evaluation; no report is written.</param>
    public static void Execute(
        string folder, Func<int, EvaluationData> open, ModelEvaluationOptions options, Device device, string output,
        IProcessGroup? processes, CancellationToken cancellationToken)
    {
        // A path would make reports differ between places. The folder's name and its parent's (runs have "model") identify it.
        var directory = new DirectoryInfo(Path.GetFullPath(folder));
        string name = directory.Parent is { } parent ? $"{parent.Name}/{directory.Name}" : directory.Name;
        DiffusionModel model = DiffusionModel.Open(folder, device);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModel(_ => model).Build();
        EvaluationData data = open(model.SampleSize * model.Autoencoder.DownsamplingFactor);
        var evaluation = new ModelEvaluation(options) { Device = device, Processes = processes };
        if (!processes.IsFirst())
        {
            Run(null);
            return;
        }

        EvaluationReport report = ErrorConsole.Create().Progress()
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(),
                new RemainingTimeColumn())
            .Start(context => Run(new Bars(context)));
        ReportFolder.Write(report, output);
        ResultTables.Print(report);
        Console.WriteLine($"The report is in {Path.Combine(Path.GetFullPath(output), "report.md")}");

        EvaluationReport Run(IProgress<EvaluationProgress>? progress) =>
            evaluation.Run(name, model, pipeline, data, progress, cancellationToken);
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
