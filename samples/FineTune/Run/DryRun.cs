using System.Globalization;
using LatentDiffusion.Data;
using Microsoft.Extensions.Logging;

namespace FineTune;

/// <summary>Says what a run would do, and writes nothing.</summary>
internal static class DryRun
{
    public static void Write(SettingsSource source, TextWriter output, ILogger logger, CancellationToken cancellationToken)
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

        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
    }
}
