using System.Text.Json.Nodes;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Samples;
using LatentDiffusion.Tokenization;
using LatentDiffusion.Training;
using Microsoft.Extensions.Logging;
using TorchSharp;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>Runs the stages; each is skipped if its result exists.</summary>
/// <param name="recipe">Settings of the run.</param>
/// <param name="settings">Options of the command line.</param>
/// <param name="processes">Processes that train together; null for one.</param>
/// <param name="logger">Receives events other than steps.</param>
internal sealed class TrainingRun(
    Recipe recipe, RunSettings settings, IGradientReducer? processes, ILogger<Trainer> logger)
{
    /// <returns>False if the run was cancelled; finished work is saved.</returns>
    public bool Execute(CancellationToken cancellationToken)
    {
        if (settings.From is { } from) ModelFiles.Require(from);
        RunFolder? opened = null;
        processes.RunOnFirst(() => opened = RunFolder.Open(settings.Out));
        using RunFolder? run = opened;
        TrainingMaterial material = Material(run, cancellationToken);
        var context = new RunContext(recipe, material, settings, run, processes, logger, cancellationToken);
        context.Write(folder => folder.Configure(Configuration(material)));

        BpeVocabulary vocabulary = VocabularyStage.Run(context);
        var tokenizer = new ClipTokenizer(vocabulary, recipe.TextEncoder.MaxPositionEmbeddings);
        nn.Module<Tensor, Tensor>? autoencoder = AutoencoderStage.Run(context);
        if (autoencoder is null) return false;

        using LatentCache? latents = LatentStage.Training(context, autoencoder, tokenizer);
        using LatentCache? validation = material.Validation is null
            ? null
            : LatentStage.Validation(context, autoencoder, tokenizer, material.Validation);
        bool incomplete = latents is null || (validation is null && material.Validation is not null);
        if (latents is null || incomplete || cancellationToken.IsCancellationRequested) return false;

        // Shift and scale give latents of zero mean and unit variance, as the noise schedule requires.
        (double mean, double deviation) = latents.Statistics();
        autoencoder = Autoencoders.Scaled(autoencoder, mean, 1 / deviation).to(settings.Device);
        if (!new DenoiserStage(context, autoencoder, tokenizer, mean, 1 / deviation).Run(vocabulary, latents, validation)) return false;
        context.Write(folder => RunReport.Write(context, folder));
        return true;
    }

    /// <summary>Opens the training data. Stages reuse existing results, which belong to the images that the run started with.</summary>
    /// <exception cref="InvalidDataException">The run started with other data.</exception>
    private TrainingMaterial Material(RunFolder? run, CancellationToken cancellationToken)
    {
        using RunImageIndex? index = run is null ? null : new RunImageIndex(run.Location);
        TrainingMaterial? material = null;
        processes.Exchange(() =>
        {
            material = settings.Data is { } data
                ? TrainingMaterial.FromFiles(data, settings, recipe, index?.Path, logger, cancellationToken)
                : TrainingMaterial.Drawings(recipe);
            return [];
        });
        processes.RunOnFirst(() =>
        {
            run!.RequireData(DataOf(material!));
            index!.Keep();
        });
        return material!;
    }

    private string DataOf(TrainingMaterial material) => settings.Data is null ? "drawings"
        : FormattableString.Invariant($"{material.Key}, {settings.Validation} held back for validation and {settings.Test} for testing")
        + (settings.NearDuplicates is { } bits ? FormattableString.Invariant($", without near-duplicates of {bits} bits") : "");

    private JsonObject Configuration(TrainingMaterial material)
    {
        var configuration = new JsonObject { ["data"] = settings.Data, ["images"] = DataOf(material) };
        if (settings.CaptionColumn != "text") configuration["captions"] = settings.CaptionColumn;
        if (settings.SkipUnreadable) configuration["skip_unreadable"] = true;
        if (settings.Data is not null) (configuration["validation"], configuration["test"]) = (settings.Validation, settings.Test);
        if (settings.NearDuplicates is { } bits) configuration["near_duplicates"] = bits;
        if (settings.WholeCaptions) configuration["whole_captions"] = true;
        configuration["autoencoder"] = settings.Autoencoder;
        configuration["from"] = settings.From;
        if (settings.Accumulation is { } batches) configuration["accumulation"] = batches;
        configuration["hours"] = settings.Hours;
        configuration["recipe"] = recipe.ToJson();
        return configuration;
    }
}
