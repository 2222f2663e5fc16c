using LatentDiffusion;
using LatentDiffusion.Checkpoints;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Models;
using LatentDiffusion.Networks;
using LatentDiffusion.Schedulers;
using LatentDiffusion.Tokenization;
using LatentDiffusion.Training;
using static TorchSharp.torch;

namespace Lab;

/// <summary>Trains the autoencoder, then text encoder and U-Net together on its latents, and writes the model.</summary>
internal static class SmallModelTraining
{
    public const string AutoencoderStage = "autoencoder", DenoiserStage = "denoiser";

    /// <summary>Name of the weighted loss in the metrics.</summary>
    public const string WeightedLoss = "weighted_validation_loss";

    private const int ValidationImages = 40, WeightedBatches = 5, BatchSize = 16, AutoencoderBatchSize = 8, Crop = 32;

    public static TrainingResult Run(LabContext lab, DrawingSets data)
    {
        using RunFolder run = RunFolder.Open(lab.Report.TrainingFolder);
        manual_seed(unchecked((long)lab.Settings.Seed));
        int size = lab.Settings.Size;
        using AutoencoderKL trained = SmallModel.Autoencoder(size).Build();
        StageResult autoencoderStage = TrainAutoencoder(lab, data, run, trained);

        BpeVocabulary vocabulary = BpeTrainer.Train(data.Training.Images.Select(image => image.Caption), SmallModel.VocabularySize);
        var tokenizer = new ClipTokenizer(vocabulary, SmallModel.MostTokens);
        using LatentCache latents = Encode("training", data.Training), validation = Encode("validation", data.Validation);
        // Shift and scale give latents of zero mean and unit variance, as the noise schedule requires.
        (double mean, double deviation) = latents.Statistics();
        AutoencoderKL autoencoder = (SmallModel.Autoencoder(size) with { ShiftFactor = mean, ScalingFactor = 1 / deviation }).Build();
        autoencoder.load_state_dict(trained.state_dict());
        autoencoder.eval();
        UNet2DConditionModel unet = SmallModel.UNet(size).Build();
        ClipTextModel text =
            (SmallModel.TextEncoder with { VocabSize = tokenizer.VocabularySize, EosTokenId = tokenizer.EndId }).Build();
        using var components = new ModelComponents(ModelFamilies.StableDiffusion, "StableDiffusionPipeline", SmallModel.Scheduler)
        {
            [ComponentNames.UNet] = unet,
            [ComponentNames.Autoencoder] = autoencoder,
            [ComponentNames.TextEncoder] = text,
            [ComponentNames.Tokenizer] = new ClipTokenizerFiles(vocabulary, tokenizer.MaxLength),
        };
        var scaling = new LatentScaling(mean, 1 / deviation);
        StageResult denoiserStage = TrainDenoiser(lab, run, unet, text, tokenizer, latents, validation, scaling);
        DiffusersFolder.Write(components, lab.Report.ModelFolder, ScalarType.Float16);

        AutoencoderQuality quality = AutoencoderQuality.Measure(
            LatentAutoencoder.Create(autoencoder), [.. data.Validation.Images.Take(ValidationImages).Select(image => image.Image)],
            cancellationToken: lab.Cancellation);
        return new TrainingResult(
            lab.Report.ModelFolder, autoencoderStage, denoiserStage, run.Read(DenoiserStage, WeightedLoss), quality,
            [
                ("autoencoder", Count(autoencoder), autoencoderStage), ("text encoder", Count(text), denoiserStage),
                ("U-Net", Count(unet), denoiserStage),
            ]);

        LatentCache Encode(string name, ImageList images) => LatentCache.Open(
            Path.Combine(lab.Report.Work, $"{name}.safetensors"), name, trained, tokenizer, images, images.Count!.Value,
            cancellationToken: lab.Cancellation);
    }

    private static StageResult TrainAutoencoder(LabContext lab, DrawingSets data, RunFolder run, AutoencoderKL network)
    {
        // Crops of larger images cost less and bring as many colours into a batch.
        var options = new AutoencoderTrainingOptions
        {
            BatchSize = AutoencoderBatchSize, ChromaWeight = 1, CropSize = lab.Settings.Size > Crop ? Crop : null,
        };
        var loss = new ObjectiveLoss(
            new AutoencoderObjective(network, data.Validation, options with { BatchSize = 1, CropSize = null }),
            Math.Min(ValidationImages, data.Validation.Images.Count));
        return new PacedTraining(lab, run, AutoencoderStage).Train(
            new AutoencoderObjective(network, data.Training, options),
            new TrainingOptions
            {
                Seed = lab.Settings.Seed, EmaDecay = 0.99, Optimizer = new OptimizerOptions { LearningRate = 2e-3, WeightDecay = 0 },
            },
            lab.Time.For(TimeBudget.Autoencoder), _ => loss.Measure());
    }

    private static StageResult TrainDenoiser(
        LabContext lab, RunFolder run, UNet2DConditionModel unet, ClipTextModel text, ClipTokenizer tokenizer, LatentCache latents,
        LatentCache validation, LatentScaling scaling)
    {
        DiffusionProcess process = DiffusionProcess.FromConfig(SmallModel.Scheduler);
        var denoiser = new UNetDenoiser(unet);
        // The simple loss; a tenth of the captions is left out, so that guidance has an unconditional prediction.
        var options = new DenoiserTrainingOptions { BatchSize = BatchSize, PredictionType = process.PredictionType };
        using var trainingTexts = new ClipTextConditioning(text, tokenizer, latents.Ids);
        using var validationTexts = new ClipTextConditioning(text, tokenizer, validation.Ids, train: false);
        using var objective = new DenoiserObjective(denoiser, trainingTexts, latents, scaling, process.Schedule, options);
        using var weighted = new DenoiserObjective(
            denoiser, validationTexts, validation, scaling, process.Schedule,
            options with { CaptionDropout = 0, Weighting = new VariationalWeighting(), TrainTextEncoder = false });
        var simpleLoss = new ValidationLoss(
            denoiser, validationTexts, validation, scaling, process, new ValidationOptions { ImageCount = ValidationImages });
        var weightedLoss = new ObjectiveLoss(weighted, WeightedBatches);
        return new PacedTraining(lab, run, DenoiserStage).Train(
            objective,
            new TrainingOptions
            {
                Seed = unchecked(lab.Settings.Seed + 1), EmaDecay = 0.998,
                Optimizer = new OptimizerOptions { LearningRate = 1e-3, WeightDecay = 0.01 },
            },
            lab.Time.For(TimeBudget.Denoiser),
            step =>
            {
                run.Record(DenoiserStage, step, (WeightedLoss, weightedLoss.Measure().Mean));
                return simpleLoss.Measure();
            });
    }

    private static long Count(nn.Module network) => network.parameters().Sum(p => p.numel());
}
