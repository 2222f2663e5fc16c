using LatentDiffusion.Evaluation;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;
using Microsoft.Extensions.Logging;

namespace FineTune;

/// <summary>What all parts of a run share.</summary>
/// <param name="Settings">The settings, completed by the model.</param>
/// <param name="Model">The model.</param>
/// <param name="Images">The images.</param>
/// <param name="Run">The run's folder.</param>
/// <param name="Console">Shows and records progress.</param>
/// <param name="Logger">Receives events other than steps.</param>
/// <param name="Cancellation">Stops the run after the current step.</param>
internal sealed record RunContext(
    FineTuneSettings Settings, TunedModel Model, RunImages Images, RunFolder Run, TrainingConsole Console, ILogger<Trainer> Logger,
    CancellationToken Cancellation)
{
    /// <summary>The options of the objective, for what the model predicts.</summary>
    public DenoiserTrainingOptions Options => Settings.Objective with { PredictionType = Model.Process.PredictionType };

    /// <summary>Name of the run's only stage: its method.</summary>
    public string Stage { get; } = SettingsRules.Name(Settings.Method);
}
