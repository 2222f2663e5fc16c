using LatentDiffusion.Evaluation;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace TrainFromScratch;

/// <summary>Common context of all stages of a run.</summary>
/// <param name="Recipe">Settings of the run.</param>
/// <param name="Material">Training data.</param>
/// <param name="Settings">Options of the command line.</param>
/// <param name="Run">The run's folder; null in all processes but the first, which only read files of it.</param>
/// <param name="Processes">Processes that train together; null for one.</param>
/// <param name="Logger">Receives events other than steps: resuming, damaged checkpoints.</param>
/// <param name="Cancellation">Stops the run after the current step.</param>
internal sealed record RunContext(
    Recipe Recipe, TrainingMaterial Material, RunSettings Settings, RunFolder? Run, IGradientReducer? Processes, ILogger<Trainer> Logger,
    CancellationToken Cancellation)
{
    /// <summary>Shows and records the progress of stages.</summary>
    public TrainingConsole Console { get; } = new(AnsiConsole.Console, ErrorConsole.Create(), Run);

    /// <summary>Path of the autoencoder's weights, trained or copied.</summary>
    public string AutoencoderWeights => File("autoencoder.safetensors");

    /// <summary>Path of a file in the run's folder.</summary>
    public string File(string name) => Path.Combine(Settings.Out, name);

    /// <summary>Folder of a stage's checkpoints; earlier versions used a folder with the stage's name.</summary>
    public string Checkpoints(string stage) =>
        Directory.Exists(File(stage)) ? File(stage) : Path.Combine(Settings.Out, "checkpoints", stage);

    /// <summary>Lets the first process write to the run's folder while the others wait.</summary>
    public void Write(Action<RunFolder> action) => Processes.RunOnFirst(() => action(Run!));

    /// <summary>A number that the first process determines, in all processes.</summary>
    public double Agree(Func<RunFolder, double> determine) =>
        BitConverter.ToDouble(Processes.Exchange(() => BitConverter.GetBytes(Run is null ? 0 : determine(Run)))[0]);

    /// <summary>Whether a file of the run exists, as the first process sees it.</summary>
    public bool Exists(string path) => Agree(_ => System.IO.File.Exists(path) ? 1 : 0) != 0;
}
