using LatentDiffusion;
using LatentDiffusion.Samples;
using static TorchSharp.torch;

namespace Lab;

/// <summary>Runs the sections one after the other and writes the report.</summary>
internal static class LabRun
{
    /// <returns>Path of the report.</returns>
    public static string Execute(LabSettings settings, CancellationToken cancellationToken)
    {
        var time = new TimeBudget(settings.Time);
        using ReportFolder report = ReportFolder.Begin(settings.Out);
        var lab = new LabContext(settings, report, time, new LabLog(time), cancellationToken);
        Add(lab);
        lab.Log.Write("writing the report");
        return report.Publish(settings, time.Elapsed);
    }

    private static void Add(LabContext lab)
    {
        ReportFolder report = lab.Report;
        using DiffusionPipeline ready = Open(lab.Settings.Model);
        DrawingSets data = DrawingSets.Draw(lab);

        report.Add(ForwardProcess.Run(lab, ready.Model!));
        report.Add(PosteriorAndLosses.Run(lab));
        TrainingResult training = SmallModelTraining.Run(lab, data);
        report.Add(TrainingSection.Run(lab, data, training));
        using DiffusionPipeline small = new DiffusionPipelineBuilder()
            .UseLoggerFactory(new WarningsToConsole()).UseModelFolder(training.Model, CPU)
            .Configure(o => o.BatchSize = SamplingMethod.BatchSize).Build();
        report.Add(TestSet.Run(lab, data, small.Model!));
        report.Add(SixPrompts.Run(lab, small, ready));
        report.Add(Improvements.Run(lab, data, small, ready));
    }

    private static DiffusionPipeline Open(string? folder)
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseLoggerFactory(new WarningsToConsole());
        return (folder is null ? builder.UseDrawingsModel(CPU) : builder.UseModelFolder(folder, CPU)).Build();
    }
}
