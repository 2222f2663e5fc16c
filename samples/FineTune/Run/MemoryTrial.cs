using LatentDiffusion.Evaluation;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;
using Microsoft.Extensions.Logging;
using Spectre.Console;
using TorchSharp;

namespace FineTune;

/// <summary>
/// Predicts the memory of a run: a few of its steps are trained in a temporary folder, on images of the largest size, with everything
/// that a run does at its beginning and end. The peak of this process is the prediction. What grows with the number of steps or images
/// is on disk.
/// </summary>
/// <param name="Model">Weights of the model and of what is added to it, in bytes.</param>
/// <param name="Training">Gradients, optimizer state and averages.</param>
/// <param name="Peak">Highest resident memory of the process; 0 where the operating system does not count it.</param>
internal sealed record MemoryTrial(long Model, TrainingMemory Training, long Peak)
{
    // Moments exist from the first step on, and freed blocks are used again from the second.
    private const int Steps = 4, SamplingSteps = 4;

    // Caches encode four images at a time while they read the next four.
    private const int FewestImages = 8;

    /// <summary>Runs the trial.</summary>
    /// <param name="settings">Settings of the run.</param>
    /// <param name="model">The model; its weights are changed.</param>
    /// <param name="images">The images of the run.</param>
    /// <param name="logger">Receives warnings.</param>
    /// <param name="cancellationToken">Stops the trial.</param>
    /// <exception cref="InsufficientMemoryException">Gradients, optimizer state and averages exceed the memory of the machine.</exception>
    /// <exception cref="OperationCanceledException">The trial was stopped.</exception>
    public static MemoryTrial Run(
        FineTuneSettings settings, TunedModel model, RunImages images, ILogger<Trainer> logger, CancellationToken cancellationToken)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fine-tune-trial-");
        try
        {
            int count = Math.Max(FewestImages, settings.Objective.BatchSize);
            FineTuneSettings few = Shortened(settings, folder.FullName, count);
            (long weights, TrainingMemory? training) = (0, null);
            using (RunFolder run = RunFolder.Open(folder.FullName))
            {
                IAnsiConsole silent = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });
                var context = new RunContext(
                    few, model, images.Largest(count), run, new TrainingConsole(silent, silent, run), logger, cancellationToken);
                _ = TrainingRun.Execute(context, Measure) ?? throw new OperationCanceledException(cancellationToken);
            }

            return new MemoryTrial(weights, training!, ProcessMemory.Peak);

            void Measure(RunObjective objective)
            {
                training = TrainingMemory.Calculate(objective.Objective, few.Training);
                weights = WeightsOf([.. model.Networks, .. objective.Objective.Modules.Values]);
                RequireMemory(training, model);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void RequireMemory(TrainingMemory training, TunedModel model)
    {
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (training.Total <= available || model.Device.type != DeviceType.CPU) return;
        throw new InsufficientMemoryException(
            $"Gradients, optimizer state and averages of {training.TrainedValues} values take {ProcessMemory.Text(training.Total)}, and "
            + $"the process may use {ProcessMemory.Text(available)}; expected a LoRA, another optimizer, or a larger machine.");
    }

    private static long WeightsOf(IEnumerable<torch.nn.Module> networks) => networks.Distinct()
        .SelectMany(network => network.parameters().Concat(network.buffers()))
        .DistinctBy(tensor => tensor.Handle)
        .Sum(tensor => tensor.numel() * tensor.element_size());

    private static FineTuneSettings Shortened(FineTuneSettings settings, string folder, int images)
    {
        int sampling = Math.Min(SamplingSteps, settings.Validation.Steps ?? SamplingSteps);
        long steps = Math.Min(Steps, settings.Training.Steps);
        return settings with
        {
            Out = folder,
            Training = settings.Training with { Steps = steps, CheckpointEvery = steps },
            Prior = settings.Prior is { } prior ? prior with { Count = Math.Min(prior.Count, images) } : null,
            Validation = settings.Validation with
            {
                Every = steps, Steps = sampling, Prompts = [.. settings.Validation.Prompts.Take(1)],
                EffectImages = Math.Min(2, settings.Validation.EffectImages),
                ImagesPerPrompt = Math.Min(1, settings.Validation.ImagesPerPrompt),
            },
        };
    }
}
