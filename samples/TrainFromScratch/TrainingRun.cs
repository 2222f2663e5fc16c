using System.Text.Json.Nodes;
using LatentDiffusion;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Samples;
using LatentDiffusion.Tokenization;
using LatentDiffusion.Training;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>The stages of a run, each of which is passed over when its result is there.</summary>
/// <param name="recipe">What the run follows from.</param>
/// <param name="settings">What the command line says.</param>
/// <param name="logger">Told of what a trainer does beside its steps.</param>
internal sealed class TrainingRun(Recipe recipe, RunSettings settings, ILogger<Trainer> logger)
{
    private const string Images = "pictures";

    /// <returns>False where the run was cancelled; what was done is saved.</returns>
    public bool Execute(CancellationToken cancellationToken)
    {
        if (settings.From is { } from) ModelFiles.Require(from);
        using RunFolder run = RunFolder.Open(settings.Out);
        TrainingMaterial material = Material(run, cancellationToken);
        run.Configure(Configuration(material));
        var context = new RunContext(recipe, material, settings, run, logger, cancellationToken);

        BpeVocabulary vocabulary = VocabularyStage.Run(context);
        var tokenizer = new ClipTokenizer(vocabulary, recipe.TextEncoder.MaxPositionEmbeddings);
        nn.Module<Tensor, Tensor>? autoencoder = AutoencoderStage.Run(context);
        if (autoencoder is null) return false;

        using LatentCache? latents = LatentStage.Training(context, autoencoder, tokenizer);
        using LatentCache? validation = material.Validation is null ? null : LatentStage.Validation(context, autoencoder, tokenizer, material.Validation);
        if (latents is null || (validation is null && material.Validation is not null) || cancellationToken.IsCancellationRequested) return false;

        // Scaling and shift bring the latents to zero mean and unit variance, which the noise schedule is made for.
        (double mean, double deviation) = latents.Statistics();
        autoencoder = Autoencoders.Scaled(autoencoder, mean, 1 / deviation);
        if (!new DenoiserStage(context, autoencoder, tokenizer, mean, 1 / deviation).Run(vocabulary, latents, validation)) return false;
        RunReport.Write(context);
        return true;
    }

    /// <summary>What the run is trained on. Stages take over what is there, which is of the images that the run began with.</summary>
    /// <exception cref="InvalidDataException">It began with others.</exception>
    private TrainingMaterial Material(RunFolder run, CancellationToken cancellationToken)
    {
        using var index = new RunImageIndex(run.Location);
        TrainingMaterial material = settings.Data is { } data
            ? TrainingMaterial.PicturesOf(data, settings, recipe, index.Path, logger, cancellationToken) : TrainingMaterial.Drawings(recipe);
        run.RequireData(DataOf(material));
        index.Keep();
        return material;
    }

    private string DataOf(TrainingMaterial material) => settings.Data is null ? "drawings"
        : FormattableString.Invariant($"{material.Key}, {settings.Validation} held back for validation and {settings.Test} for testing")
        + (settings.NearDuplicates is { } bits ? FormattableString.Invariant($", without near-duplicates of {bits} bits") : "");

    private JsonObject Configuration(TrainingMaterial material)
    {
        var configuration = new JsonObject { ["data"] = settings.Data, [Images] = DataOf(material) };
        if (settings.CaptionColumn != "text") configuration["captions"] = settings.CaptionColumn;
        if (settings.SkipUnreadable) configuration["skip_unreadable"] = true;
        if (settings.Data is not null) (configuration["validation"], configuration["test"]) = (settings.Validation, settings.Test);
        if (settings.NearDuplicates is { } bits) configuration["near_duplicates"] = bits;
        if (settings.WholeCaptions) configuration["whole_captions"] = true;
        configuration["autoencoder"] = settings.Autoencoder;
        configuration["from"] = settings.From;
        configuration["hours"] = settings.Hours;
        configuration["recipe"] = recipe.ToJson();
        return configuration;
    }
}
