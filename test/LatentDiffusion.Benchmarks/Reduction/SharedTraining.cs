using System.CommandLine;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Trains the shipped model's networks with dropout, or adapters next to them, in one process or under mpirun. For tests, which compare
/// the checkpoints.
/// </summary>
internal static class SharedTraining
{
    private const double Dropout = 0.1;

    public static Command Command()
    {
        var folder = new Argument<string>("folder");
        var steps = new Argument<long>("steps");
        var batches = new Argument<int>("batches");
        var adapters = new Argument<bool>("adapters");
        var command = new Command("train-shared") { folder, steps, batches, adapters };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            set_num_threads(1);
            var options = new TrainingOptions
            {
                Steps = parsed.GetValue(steps), Seed = 5, GradientAccumulation = parsed.GetValue(batches),
                CheckpointEvery = 5, EmaDecay = 0.95,
                Optimizer = new OptimizerOptions { LearningRate = 1e-3, WarmupSteps = 5 },
            };
            using OpenMpiReducer? group = OpenMpiReducer.IsLaunched ? OpenMpiReducer.Join() : null;
            Train(parsed.GetValue(folder)!, options, parsed.GetValue(adapters), group);
        });
        return command;
    }

    private static void Train(string folder, TrainingOptions options, bool adapters, OpenMpiReducer? group)
    {
        DirectoryInfo latents = Directory.CreateTempSubdirectory("shared-training-");
        try
        {
            using var shipped = new ShippedTraining(latents.FullName, batch: 1, Dropout);
            using LoraTraining? lora = adapters ? new LoraTraining(shipped.Objective.Modules) : null;
            ITrainingObjective objective = lora is null ? shipped.Objective : lora.Objective(shipped.Objective);
            // Only process 0 uses the folder.
            new Trainer(options) { Reducer = group }.Run(objective, group.IsFirst() ? folder : Path.Combine(latents.FullName, "unused"));
        }
        finally
        {
            latents.Delete(recursive: true);
        }
    }
}
