using System.Diagnostics;
using System.Globalization;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;

namespace Lab;

/// <summary>Trains for a given time: measures the pace on a few steps, undoes them, and trains with as many steps as fit.</summary>
/// <param name="lab">The experiment.</param>
/// <param name="run">Receives the metrics.</param>
/// <param name="stage">Name of the stage.</param>
internal sealed class PacedTraining(LabContext lab, RunFolder run, string stage)
{
    private const int FewestSteps = 20, Validations = 30;

    // Validations, checkpoints and the start of a training take the rest.
    private const double StepsFraction = 0.92;

    /// <param name="objective">What is minimised.</param>
    /// <param name="options">Options without the number of steps.</param>
    /// <param name="time">How long it may take.</param>
    /// <param name="validate">Measures the networks after a number of steps; records what else it measures.</param>
    /// <exception cref="OperationCanceledException">The experiment was stopped.</exception>
    public StageResult Train(ITrainingObjective objective, TrainingOptions options, TimeSpan time, Func<long, LossEstimate> validate)
    {
        var clock = Stopwatch.StartNew();
        double pace = TrainingPace.Measure(
            objective, options, Path.Combine(lab.Report.Work, $"{stage}-pace"), processes: null, lab.Cancellation)
            ?? throw new OperationCanceledException(lab.Cancellation);
        long steps = Math.Max(FewestSteps, (long)((time - clock.Elapsed).TotalSeconds * StepsFraction / pace));
        lab.Log.Write(string.Create(CultureInfo.InvariantCulture, $"training the {stage}: {steps} steps, {1 / pace:F1} a second"));
        options = options with
        {
            Steps = steps, CheckpointEvery = steps,
            Optimizer = options.Optimizer with { WarmupSteps = Math.Min(options.Optimizer.WarmupSteps, steps / 10) },
        };
        var trainer = new Trainer(options)
        {
            Check = new TrainingCallback(Math.Max(2, steps / Validations), step => run.Record(stage, step, validate(step))),
        };
        var progress = new SynchronousProgress<TrainingProgress>(p =>
        {
            run.Record(stage, p);
            lab.Log.Update(() => string.Create(
                CultureInfo.InvariantCulture, $"{stage}: step {p.Step} of {p.Steps}, loss {p.SmoothedLoss:F4}"));
        });
        if (!trainer.Run(objective, Path.Combine(lab.Report.Work, stage), progress, lab.Cancellation))
            throw new OperationCanceledException(lab.Cancellation);
        var curves = new LossCurves
        {
            Loss = run.Read(stage, MetricNames.Loss),
            Validation = run.Read(stage, MetricNames.ValidationLoss),
            ValidationMargin = run.Read(stage, MetricNames.ValidationMargin),
        };
        return new StageResult(steps, clock.Elapsed, curves, run.Judge(stage));
    }
}
