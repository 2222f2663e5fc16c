using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LatentDiffusion.Models.Drawings;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Trains the shipped model's U-Net and text encoder through the library's own trainer, and says what share of the
/// machine's matrix-multiply peak that reaches. Batches, optimizer and running average are in the time, and not among
/// the operations. A step counts as three forward passes: the backward pass makes two products for each one of it.
/// </summary>
/// <param name="precision">What the networks compute with.</param>
/// <param name="batch">Pictures of a step; null for the recipe's.</param>
/// <param name="log">Where to print.</param>
internal sealed class TrainingBenchmark(TrainingPrecision precision, int? batch, TextWriter log)
{
    private const int WarmUp = 4, Pictures = 64;
    private const double PassesOfAStep = 3;

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private readonly JsonNode _recipe = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "drawings.json")))!;

    public void Run(int steps, bool layers)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"training-benchmark-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        try
        {
            Run(folder, steps, layers);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Run(string folder, int steps, bool layers)
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(1);
        var tokenizer = new ClipTokenizer(
            BpeTrainer.Train(DrawingCatalog.Training.SelectMany(c => Enum.GetValues<DrawingTemplate>().Select(c.Caption)), (int)_recipe["vocabulary_size"]!),
            ClipTextConfig.FromJson(Json("text_encoder")).MaxPositionEmbeddings);
        using UNet2DConditionModel unet = UNet2DConditionConfig.FromJson(Json("unet")).Build();
        using ClipTextModel text =
            (ClipTextConfig.FromJson(Json("text_encoder")) with { VocabSize = tokenizer.VocabularySize, EosTokenId = tokenizer.EndId }).Build();
        using AutoencoderKL autoencoder = AutoencoderKLConfig.FromJson(Json("autoencoder")).Build();

        // An untrained autoencoder's latents: what they show is nothing to the time that they take.
        using LatentCache latents = LatentCache.Open(
            Path.Combine(folder, "latents"), "benchmark", autoencoder, tokenizer, new DrawingImages(new DrawingSource(1)), Pictures);
        DenoiserTrainingOptions options = _recipe["denoiser_objective"].Deserialize<DenoiserTrainingOptions>(s_json)!;
        options = options with { BatchSize = batch ?? options.BatchSize };
        using var objective = new DenoiserObjective(
            new UNetDenoiser(unet), text, tokenizer, autoencoder.Config, latents, SchedulerConfig.Parse(Json("scheduler")).ToNoiseSchedule(), options);

        double peak = MatrixPeak.Measure();
        OperationCount operations = Count(objective);
        StepTimes times = Train(objective, folder, steps);
        peak = Math.Max(peak, MatrixPeak.Measure());
        Print(operations, times, peak, options.BatchSize);
        if (layers) LayerTimes.Print(operations, times.Median, peak, options.BatchSize, precision == TrainingPrecision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32, log);
    }

    private static OperationCount Count(DenoiserObjective objective)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        using var count = new OperationCount(objective.Modules.Values);
        objective.Loss(new TrainingStep(0, generator));
        return count;
    }

    private StepTimes Train(DenoiserObjective objective, string folder, int steps)
    {
        using var enough = new CancellationTokenSource();
        var times = new StepTimes(WarmUp, steps, enough);
        TrainingOptions options = _recipe["denoiser_training"].Deserialize<TrainingOptions>(s_json)! with
        {
            Steps = WarmUp + steps + 1, CheckpointEvery = long.MaxValue, Precision = precision,
        };
        new Trainer(options).Run(objective, Path.Combine(folder, "run"), times, enough.Token);
        return times;
    }

    private void Print(OperationCount operations, StepTimes times, double peak, int pictures)
    {
        double step = operations.Total * PassesOfAStep, reached = step / times.Mean;
        log.WriteLine($"Threads: {get_num_threads()}. {precision}, {pictures} pictures and {step / 1e9:0.0} GFLOP a step.");
        log.WriteLine($"Peak of float32 matrix multiplication  {peak / 1e9:0} GFLOP/s");
        log.WriteLine($"A step                                 {times.Mean:0.000} s (median {times.Median:0.000}, fastest {times.Fastest:0.000})");
        log.WriteLine($"Pictures a second                      {pictures / times.Mean:0.0}");
        log.WriteLine($"Reached                                {reached / 1e9:0} GFLOP/s, {reached / peak:P0} of the peak");
    }

    private string Json(string part) => _recipe[part]!.ToJsonString();
}
