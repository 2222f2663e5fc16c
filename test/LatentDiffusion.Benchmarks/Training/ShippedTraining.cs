using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LatentDiffusion.Models.Drawings;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>The training of the shipped model's U-Net and text encoder, with untrained networks, by its recipe.</summary>
internal sealed class ShippedTraining : IDisposable
{
    private const int Images = 64;

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private readonly JsonNode _recipe = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "drawings.json")))!;
    private readonly List<IDisposable> _owned = [];

    /// <param name="folder">Folder for the latents.</param>
    /// <param name="batch">Images per batch; null for the recipe's.</param>
    /// <param name="dropout">Fraction of values that the U-Net drops.</param>
    public ShippedTraining(string folder, int? batch, double dropout = 0)
    {
        manual_seed(1);
        IEnumerable<string> captions = DrawingCatalog.Training.SelectMany(c => Enum.GetValues<DrawingTemplate>().Select(c.Caption));
        ClipTextConfig textConfig = ClipTextConfig.FromJson(Json("text_encoder"));
        var tokenizer = new ClipTokenizer(
            BpeTrainer.Train(captions, (int)_recipe["vocabulary_size"]!), textConfig.MaxPositionEmbeddings);
        UNet2DConditionModel unet = Own((UNet2DConditionConfig.FromJson(Json("unet")) with { Dropout = dropout }).Build());
        ClipTextModel text = Own((textConfig with { VocabSize = tokenizer.VocabularySize, EosTokenId = tokenizer.EndId }).Build());
        AutoencoderKL autoencoder = Own(AutoencoderKLConfig.FromJson(Json("autoencoder")).Build());

        // Latents of an untrained autoencoder: their content does not affect the time.
        LatentCache latents = Own(LatentCache.Open(
            Path.Combine(folder, "latents"), "benchmark", autoencoder, tokenizer, new DrawingImages(new DrawingSource(1)), Images));
        DenoiserTrainingOptions options = _recipe["denoiser_objective"].Deserialize<DenoiserTrainingOptions>(s_json)!;
        options = options with { BatchSize = batch ?? options.BatchSize };
        BatchSize = options.BatchSize;
        Objective = Own(new DenoiserObjective(
            new UNetDenoiser(unet), text, tokenizer, autoencoder.Config, latents,
            SchedulerConfig.Parse(Json("scheduler")).ToNoiseSchedule(), options));
    }

    /// <summary>The loss, over 64 drawings.</summary>
    public DenoiserObjective Objective { get; }

    /// <summary>Images per batch.</summary>
    public int BatchSize { get; }

    /// <summary>The recipe's options of the trainer.</summary>
    public TrainingOptions Options => _recipe["denoiser_training"].Deserialize<TrainingOptions>(s_json)!;

    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--) _owned[i].Dispose();
    }

    private T Own<T>(T part) where T : IDisposable
    {
        _owned.Add(part);
        return part;
    }

    private string Json(string part) => _recipe[part]!.ToJsonString();
}
