using LatentDiffusion;
using LatentDiffusion.Checkpoints;
using LatentDiffusion.Data;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Networks;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>
/// The autoencoder: trained and validated, taken from the model to start from, or frozen from a separate folder.
/// </summary>
internal static class AutoencoderStage
{
    public const string Stage = "autoencoder", LossFile = "loss-autoencoder.png";

    /// <summary>Metrics of the reconstruction of validation images.</summary>
    public const string Psnr = "psnr", Ssim = "ssim";

    private const int SheetImages = 6, FewestValidations = 24;

    /// <returns>The network in evaluation mode; null if the run was cancelled.</returns>
    public static nn.Module<Tensor, Tensor>? Run(RunContext context)
    {
        nn.Module<Tensor, Tensor>? network = Network(context);
        if (network is not null) context.Write(run => Judge(context, run, network));
        return network;
    }

    private static nn.Module<Tensor, Tensor>? Network(RunContext context)
    {
        if (context.Settings.Autoencoder is { } frozen)
        {
            nn.Module<Tensor, Tensor> given = Autoencoders.Read(frozen).to(context.Settings.Device);
            CheckSize(context, given);
            context.Write(_ => StateDict.Save(given, context.AutoencoderWeights));
            return given;
        }

        manual_seed((long)context.Recipe.Seed);
        AutoencoderKLConfig config = context.Recipe.Autoencoder;
        string? from = context.Settings.From;
        bool onlyDecoder = !context.Recipe.AutoencoderObjective.TrainEncoder, isDone = context.Exists(context.AutoencoderWeights);
        if (onlyDecoder && from is null && !isDone)
            throw new ArgumentException("autoencoder_objective.train_encoder is false, which requires a trained encoder: expected --from.");
        (AutoencoderKL network, bool isTrained) =
            from is null || isDone ? (config.Build(), isDone) : StartingNetworks.Autoencoder(from, config);
        network = network.to(context.Settings.Device);
        CheckSize(context, network);
        if (isDone) StateDict.Load(network, context.AutoencoderWeights);
        else if (!isTrained || onlyDecoder) return Train(context, network) ? network : null;
        else context.Write(_ => StateDict.Save(network, context.AutoencoderWeights));
        network.eval();
        return network;
    }

    private static bool Train(RunContext context, AutoencoderKL network)
    {
        AutoencoderTrainingOptions how = context.Recipe.AutoencoderObjective;
        using PatchDiscriminator? discriminator = how.AdversarialWeight > 0
            ? (context.Recipe.Discriminator ?? new PatchDiscriminatorConfig()).Build().to(context.Settings.Device)
            : null;
        var objective = new AutoencoderObjective(network, context.Material.Images, how, discriminator: discriminator);
        TrainingOptions training = context.Recipe.AutoencoderTraining with { Seed = context.Recipe.Seed };
        if (context.Settings.Accumulation is { } batches) training = training with { GradientAccumulation = batches };
        TrainingOptions? options = TrainingPlan.Create(context, Stage, training, objective, context.Recipe.AutoencoderFraction);
        if (options is null) return false;
        var trend = new StageTrend(context.Run, Stage);
        var trainer = new Trainer(options, context.Logger)
        {
            Check = Check(context, network, trend, options), Reducer = context.Processes,
        };
        string checkpoints = context.Checkpoints(Stage);
        bool done = context.Console.Show(
            trend, progress => trainer.Run(objective, checkpoints, progress, context.Cancellation));
        context.Write(run => run.DrawLoss(Stage, fileName: LossFile));
        if (!done) return false;
        context.Write(_ => StateDict.Save(network, context.AutoencoderWeights));
        return true;
    }

    /// <summary>Validates and draws the curves: the training loss without the adversarial part, of whole images, one at a time.</summary>
    private static TrainingCallback? Check(RunContext context, AutoencoderKL network, StageTrend trend, TrainingOptions options)
    {
        if (context.Material.Validation is not { } images) return null;
        AutoencoderTrainingOptions alike =
            context.Recipe.AutoencoderObjective with { BatchSize = 1, CropSize = null, AdversarialWeight = 0 };
        long count = Math.Min(context.Recipe.Validation.ImageCount, images.Count!.Value);
        var loss = new ObjectiveLoss(new AutoencoderObjective(network, images, alike), count, context.Recipe.Validation.Seed)
        {
            Processes = context.Processes,
        };
        return new TrainingCallback(Math.Clamp(options.Steps / FewestValidations, 1, context.Recipe.ValidateEvery), step =>
        {
            trend.Record(step, loss.Measure());
            context.Run?.DrawLoss(Stage, fileName: LossFile);
        });
    }

    /// <summary>
    /// Measures the autoencoder once per run, on images of the validation set or, without one, of the training set, and writes a
    /// sheet of reconstructions.
    /// </summary>
    private static void Judge(RunContext context, RunFolder run, nn.Module<Tensor, Tensor> network)
    {
        (ICaptionedImageSource images, string set) = context.Material.Validation is { } validation
            ? (validation, "validation")
            : (context.Material.Images, "training");
        if (run.Read(Stage, Psnr).Count > 0) return;
        IReadOnlyList<MetricPoint> trained = run.Read(Stage, MetricNames.Loss);
        long step = trained.Count == 0 ? 0 : trained[^1].Step;
        int count = (int)Math.Min(context.Recipe.Validation.ImageCount, images.Count!.Value);
        ImageBuffer[] originals = [.. Enumerable.Range(0, count).Select(i => images.Read(i).Image)];
        AutoencoderQuality quality = AutoencoderQuality.Measure(
            LatentAutoencoder.Create(network), originals, context.Settings.Device, cancellationToken: context.Cancellation);
        run.AddImageGrid(Stage, step, SampleSheet.Draw(
        [
            new SheetRow($"images of the {set} set", [.. originals.Take(SheetImages)]),
            new SheetRow("reconstructions", [.. quality.Reconstructions.Take(SheetImages)]),
        ]));
        run.Record(Stage, step, (Psnr, quality.PeakSignalToNoise.Mean), (Ssim, quality.StructuralSimilarity.Mean));
    }

    private static void CheckSize(RunContext context, nn.Module<Tensor, Tensor> network)
    {
        int factor = LatentAutoencoder.Create(network).DownsamplingFactor, size = context.Recipe.ImageSize;
        if (size % factor != 0)
            throw new InvalidDataException(
                $"The recipe's image_size is {size}; expected a multiple of {factor}, the autoencoder's downsampling factor.");
    }
}
