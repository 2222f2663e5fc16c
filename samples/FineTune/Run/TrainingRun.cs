using LatentDiffusion.Samples;
using LatentDiffusion.Training;

namespace FineTune;

/// <summary>Trains a model that is loaded on images that are sorted.</summary>
internal static class TrainingRun
{
    /// <summary>Trains, and writes the result, image grids and a report.</summary>
    /// <param name="context">The run.</param>
    /// <param name="prepared">Called when all is ready for the first step; null for nothing.</param>
    /// <returns>Path of the result; null if the run was cancelled, and finished work is saved.</returns>
    public static string? Execute(RunContext context, Action<RunObjective>? prepared = null)
    {
        (FineTuneSettings settings, string stage) = (context.Settings, context.Stage);
        using TrainedMethod method = TrainedMethod.Create(context);
        using RunObjective objective = RunObjective.Create(context, method);
        prepared?.Invoke(objective);
        var trend = new StageTrend(context.Run, stage);
        using var validation = new RunValidation(context, method, trend);
        validation.DrawFirst();
        ImageEffect? effect = ImageEffect.Begin(context, method);
        var trainer = new Trainer(settings.Training with { Seed = settings.Seed }, context.Logger) { Check = validation.Callback };
        string checkpoints = context.Run.Checkpoints(stage);
        bool done = context.Console.Show(
            trend, progress => trainer.Run(objective.Objective, checkpoints, progress, context.Cancellation));
        context.Run.DrawLoss(stage);
        if (!done) return null;
        string result = RunOutput.Write(context, method);
        RunReport.Write(context, objective, result, effect?.Describe());
        return result;
    }
}
