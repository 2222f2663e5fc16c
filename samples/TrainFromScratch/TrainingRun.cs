using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion;
using LatentDiffusion.Evaluation;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>The stages of a run, each of which is passed over when its result is there.</summary>
/// <param name="recipe">What the run follows from.</param>
/// <param name="settings">What the command line says.</param>
/// <param name="logger">Told of what a trainer does beside its steps.</param>
internal sealed class TrainingRun(Recipe recipe, RunSettings settings, ILogger<Trainer> logger)
{
    private const string Pictures = "pictures";

    /// <returns>False where the run was cancelled; what was done is saved.</returns>
    public bool Execute(CancellationToken cancellationToken)
    {
        using RunFolder run = RunFolder.Open(settings.Out);
        TrainingMaterial material = settings.Data is { } data
            ? TrainingMaterial.PicturesOf(data, settings, recipe, logger, cancellationToken) : TrainingMaterial.Drawings(recipe);
        CheckPictures(run, material);
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

    /// <summary>Stages take over what is there, which is of the pictures that the run began with.</summary>
    private void CheckPictures(RunFolder run, TrainingMaterial material)
    {
        string path = Path.Combine(run.Location, "configuration.json");
        if (!File.Exists(path)) return;
        try
        {
            // Runs of earlier versions do not tell theirs.
            if (JsonNode.Parse(File.ReadAllText(path))?[Pictures]?.GetValue<string>() is not { } before || before == PicturesOf(material)) return;
            throw new InvalidDataException(
                $"The run in '{run.Location}' was begun with other pictures or captions, another size of them or another mirror ({before}; now {PicturesOf(material)}): expected the same, or another --out.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"'{path}' is not what this program writes: {e.Message}", e);
        }
    }

    private string PicturesOf(TrainingMaterial material) => settings.Data is null ? "drawings" : material.Key;

    private JsonObject Configuration(TrainingMaterial material)
    {
        var configuration = new JsonObject { ["data"] = settings.Data, [Pictures] = PicturesOf(material) };
        if (settings.CaptionColumn != "text") configuration["captions"] = settings.CaptionColumn;
        if (settings.SkipUnreadable) configuration["skip_unreadable"] = true;
        if (settings.Data is not null) (configuration["validation"], configuration["test"]) = (settings.Validation, settings.Test);
        configuration["autoencoder"] = settings.Autoencoder;
        configuration["from"] = settings.From;
        configuration["hours"] = settings.Hours;
        configuration["recipe"] = recipe.ToJson();
        return configuration;
    }
}
