using LatentDiffusion;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Training;
using Microsoft.Extensions.Logging;

namespace TrainFromScratch;

/// <summary>What every stage of a run works with.</summary>
/// <param name="Recipe">What the run follows from.</param>
/// <param name="Material">What it is trained on.</param>
/// <param name="Settings">What the command line says.</param>
/// <param name="Run">Where it is recorded.</param>
/// <param name="Logger">Told of what a trainer does beside its steps: where it resumes, damaged checkpoints.</param>
/// <param name="Cancellation">Stops the run after the current step.</param>
internal sealed record RunContext(
    Recipe Recipe, TrainingMaterial Material, RunSettings Settings, RunFolder Run, ILogger<Trainer> Logger, CancellationToken Cancellation)
{
    /// <summary>The autoencoder's weights as trained or taken over.</summary>
    public string AutoencoderWeights => File("autoencoder.safetensors");

    /// <summary>Path of a file in the run's folder.</summary>
    public string File(string name) => Path.Combine(Run.Location, name);

    /// <summary>Where a stage keeps its checkpoints; runs of earlier versions have them in a folder of the stage's name.</summary>
    public string Checkpoints(string stage) => Directory.Exists(File(stage)) ? File(stage) : Run.Checkpoints(stage);
}
