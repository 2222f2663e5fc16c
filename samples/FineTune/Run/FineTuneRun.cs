using System.Text.Json;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace FineTune;

/// <summary>Reads settings, model and images, and trains.</summary>
/// <param name="source">The settings.</param>
/// <param name="console">Where progress is shown.</param>
/// <param name="logger">Receives events other than steps: resuming, damaged checkpoints.</param>
internal sealed class FineTuneRun(SettingsSource source, IAnsiConsole console, ILogger<Trainer> logger)
{
    /// <returns>Path of the result; null if the run was cancelled, and finished work is saved.</returns>
    public string? Execute(CancellationToken cancellationToken)
    {
        FineTuneSettings settings = source.Read();
        using TunedModel model = Loading.Interruptible(() => TunedModel.Open(settings), cancellationToken);
        settings = source.Read(model.Defaults());
        ModelRules.Check(settings, model);
        using RunFolder run = RunFolder.Open(settings.Out);
        using var index = new RunImageIndex(run.Location);
        RunImages images = RunImages.Open(settings, index.Path, logger, cancellationToken);
        run.RequireData(images.Key);
        index.Keep();
        run.Configure(JsonSerializer.SerializeToNode(settings, SettingsJson.Options)!.AsObject());
        var context = new RunContext(settings, model, images, run, new TrainingConsole(console, console, run), logger, cancellationToken);
        return TrainingRun.Execute(context);
    }
}
