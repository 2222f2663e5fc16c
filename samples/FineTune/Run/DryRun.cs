using System.Globalization;
using LatentDiffusion.Data;
using LatentDiffusion.Training;
using Microsoft.Extensions.Logging;

namespace FineTune;

/// <summary>Says what a run would do and how much memory it would need. Writes to a temporary folder only.</summary>
internal static class DryRun
{
    public static void Write(SettingsSource source, TextWriter output, ILogger<Trainer> logger, CancellationToken cancellationToken)
    {
        FineTuneSettings settings = source.Read();
        using TunedModel model = Loading.Interruptible(() => TunedModel.Open(settings), cancellationToken);
        settings = source.Read(model.Defaults());
        ModelRules.Check(settings, model);
        RunImages images = RunImages.Open(settings, null, logger, cancellationToken);
        BucketedImages sorted = images.Sorted;
        (int batch, int accumulation) = (settings.Objective.BatchSize, settings.Training.GradientAccumulation);
        long batches = images.Buckets.Sum(bucket => (sorted.InBucket(bucket).Count!.Value * images.Variants + batch - 1) / batch);
        Line($"model: {model.Components.Family.Name}, {SettingsRules.Name(settings.Method)}");
        Line($"images: {images.Count}, {images.Variants} variants each; held out for validation: {images.Validation?.Count ?? 0}");
        foreach (int bucket in images.Buckets)
            Line($"  {sorted.Buckets.Sizes[bucket].Width} x {sorted.Buckets.Sizes[bucket].Height}: {sorted.InBucket(bucket).Count}");
        Line($"steps: {settings.Training.Steps}, {batch * accumulation} images each");
        Line($"epochs: {(double)settings.Training.Steps * accumulation / batches:0.##}, {batches} batches each");
        Line($"result: {SettingsRules.Name(settings.Output.Form)} in {Path.Combine(Path.GetFullPath(settings.Out), "model")}");
        WriteMemory(MemoryTrial.Run(settings, model, images, logger, cancellationToken));

        void WriteMemory(MemoryTrial memory)
        {
            TrainingMemory training = memory.Training;
            string peak = memory.Peak == 0 ? "not counted by this operating system" : ProcessMemory.Text(memory.Peak);
            Line($"memory: {peak}");
            Line($"  weights: {ProcessMemory.Text(memory.Model)}, {training.TrainedValues:N0} of their values trained");
            Line($"  gradients: {ProcessMemory.Text(training.Gradients + training.Copies)}");
            Line($"  optimizer state: {ProcessMemory.Text(training.OptimizerState)}");
            Line($"  averages: {ProcessMemory.Text(training.Averages)}");
            if (memory.Peak > 0)
                Line($"  program, images and activations: {ProcessMemory.Text(memory.Peak - memory.Model - training.Total)}");
        }

        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
    }
}
