using System.Security.Cryptography;
using LatentDiffusion;
using LatentDiffusion.Models.Drawings;
using Spectre.Console;
using TorchSharp;

namespace TrainFromScratch;

/// <summary>The stages of a run, each of which is passed over when its result is there.</summary>
/// <param name="recipe">What the run follows from.</param>
/// <param name="folder">Where it works.</param>
/// <param name="from">A model to start from instead of nothing, with the networks of the recipe: its autoencoder is kept as it is; null for none.</param>
internal sealed class TrainingRun(Recipe recipe, string folder, string? from)
{
    private const string Weights = "diffusion_pytorch_model.safetensors";

    private readonly DrawingImages _images = new(new DrawingSource(recipe.Seed));

    /// <returns>False where the run was cancelled; what was done is saved.</returns>
    public bool Execute(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        BpeVocabulary vocabulary = Vocabulary();
        AutoencoderKL? autoencoder = Autoencoder(cancellationToken);
        if (autoencoder is null) return false;

        var tokenizer = new ClipTokenizer(vocabulary, recipe.TextEncoder.MaxPositionEmbeddings);
        using LatentCache? latents = Latents(autoencoder, tokenizer, cancellationToken);
        if (latents is null) return false;

        // Scaling and shift bring the latents to zero mean and unit variance, which the noise schedule is made for.
        (double mean, double deviation) = latents.Statistics();
        autoencoder = Reconfigure(autoencoder, recipe.Autoencoder with { ShiftFactor = mean, ScalingFactor = 1 / deviation });
        return Denoiser(autoencoder, vocabulary, tokenizer, latents, cancellationToken);
    }

    private BpeVocabulary Vocabulary()
    {
        string path = Path.Combine(folder, "tokenizer");
        if (!File.Exists(Path.Combine(path, "merges.txt")))
        {
            Directory.CreateDirectory(path);
            IEnumerable<string> captions = DrawingCatalog.Training.SelectMany(c => Enum.GetValues<DrawingTemplate>().Select(c.Caption));
            BpeVocabulary vocabulary = from is null
                ? BpeTrainer.Train(captions, recipe.VocabularySize) : BpeVocabulary.Open(Path.Combine(from, "tokenizer"));
            vocabulary.Save(path);
        }

        return BpeVocabulary.Open(path);
    }

    private AutoencoderKL? Autoencoder(CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, "autoencoder.safetensors");
        torch.manual_seed((long)recipe.Seed);
        AutoencoderKL network = recipe.Autoencoder.Build();
        if (File.Exists(path))
        {
            StateDict.Load(network, path);
            network.eval();
            return network;
        }

        if (from is not null)
        {
            StateDict.Load(network, Path.Combine(from, "vae", Weights));
            StateDict.Save(network, path);
            network.eval();
            return network;
        }

        bool done = TrainingConsole.Show(folder, "autoencoder", progress => new Trainer(recipe.AutoencoderTraining with { Seed = recipe.Seed }).Run(
            new AutoencoderObjective(network, _images, recipe.AutoencoderObjective), Path.Combine(folder, "autoencoder"), progress, cancellationToken));
        if (!done) return null;
        StateDict.Save(network, path);
        return network;
    }

    private LatentCache? Latents(AutoencoderKL network, ClipTokenizer tokenizer, CancellationToken cancellationToken)
    {
        string weights = Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "autoencoder.safetensors"))));
        string key = $"drawings {recipe.Seed}, {DrawingCatalog.Training.Count} combinations, autoencoder {weights}, {tokenizer.VocabularySize} tokens";
        try
        {
            return TrainingConsole.ShowCount("latents", recipe.Latents, progress => LatentCache.Open(
                Path.Combine(folder, "latents.safetensors"), key, network, tokenizer, _images, recipe.Latents, progress, cancellationToken));
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private bool Denoiser(
        AutoencoderKL autoencoder, BpeVocabulary vocabulary, ClipTokenizer tokenizer, LatentCache latents, CancellationToken cancellationToken)
    {
        SchedulerConfig scheduler = SchedulerConfig.Parse(recipe.Scheduler.ToJsonString());
        torch.manual_seed((long)recipe.Seed + 1);
        UNet2DConditionModel unet = recipe.Unet.Build();
        ClipTextModel text = (recipe.TextEncoder with { VocabSize = tokenizer.VocabularySize, EosTokenId = tokenizer.EndId }).Build();
        if (from is not null)
        {
            StateDict.Load(unet, Path.Combine(from, "unet", Weights));
            StateDict.Load(text, Path.Combine(from, "text_encoder", "model.safetensors"));
        }

        // A flow's times are continuous: it has no schedule to train on.
        NoiseSchedule? schedule = recipe.DenoiserObjective.PredictionType == PredictionType.Flow ? null : scheduler.ToNoiseSchedule();
        using var objective = new DenoiserObjective(unet, text, tokenizer, autoencoder.Config, latents, schedule, recipe.DenoiserObjective);
        bool done = TrainingConsole.Show(folder, "denoiser", progress => new Trainer(recipe.DenoiserTraining with { Seed = recipe.Seed + 1 }).Run(
            objective, Path.Combine(folder, "denoiser"), progress, cancellationToken));
        if (!done) return false;

        string model = Path.Combine(folder, "model");
        var components = new StableDiffusionComponents
        {
            PipelineClass = "StableDiffusionPipeline", UNet = unet, Autoencoder = autoencoder, TextEncoder = text,
            Tokenizer = new ClipTokenizerFiles(vocabulary, tokenizer.MaxLength), Scheduler = scheduler,
        };
        DiffusersFolder.Write(components, model, torch.ScalarType.Float16);
        AnsiConsole.MarkupLineInterpolated($"The model is in [bold]{model}[/].");
        if (recipe.SheetColumns > 0) ContactSheet.Draw(model, DrawingCatalog.Prompts, recipe.SheetColumns, Path.Combine(folder, "prompts.png"));
        return true;
    }

    private static AutoencoderKL Reconfigure(AutoencoderKL network, AutoencoderKLConfig config)
    {
        AutoencoderKL other = config.Build();
        other.load_state_dict(network.state_dict());
        other.eval();
        network.Dispose();
        return other;
    }
}
