using LatentDiffusion;
using LatentDiffusion.Checkpoints;
using LatentDiffusion.Data;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Networks;
using LatentDiffusion.Training;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>The autoencoder: trained and validated meanwhile, taken from the model to start from, or frozen from a folder of its own.</summary>
internal static class AutoencoderStage
{
    public const string Stage = "autoencoder", LossFile = "loss-autoencoder.png";

    /// <summary>Metrics of how well pictures of the validation set are given back.</summary>
    public const string Psnr = "psnr", Ssim = "ssim";

    private const int SheetPictures = 6, FewestValidations = 24;

    /// <returns>The network in evaluation mode; null where the run was cancelled.</returns>
    public static nn.Module<Tensor, Tensor>? Run(RunContext context)
    {
        nn.Module<Tensor, Tensor>? network = Network(context);
        if (network is not null) Judge(context, network);
        return network;
    }

    private static nn.Module<Tensor, Tensor>? Network(RunContext context)
    {
        if (context.Settings.Autoencoder is { } frozen)
        {
            nn.Module<Tensor, Tensor> given = Autoencoders.Read(frozen);
            CheckSize(context, given);
            StateDict.Save(given, context.AutoencoderWeights);
            return given;
        }

        manual_seed((long)context.Recipe.Seed);
        AutoencoderKL network = context.Recipe.Autoencoder.Build();
        CheckSize(context, network);
        if (File.Exists(context.AutoencoderWeights))
        {
            StateDict.Load(network, context.AutoencoderWeights);
            network.eval();
            return network;
        }

        bool decoderAlone = !context.Recipe.AutoencoderObjective.TrainEncoder;
        if (decoderAlone && context.Settings.From is null)
            throw new ArgumentException("autoencoder_objective.train_encoder is false, which goes on from a trained encoder: expected --from.");
        if (context.Settings.From is { } from)
        {
            StateDict.Load(network, Path.Combine(from, "vae", ModelFiles.Weights));
            if (decoderAlone) return Train(context, network) ? network : null;
            StateDict.Save(network, context.AutoencoderWeights);
            network.eval();
            return network;
        }

        return Train(context, network) ? network : null;
    }

    private static bool Train(RunContext context, AutoencoderKL network)
    {
        AutoencoderTrainingOptions how = context.Recipe.AutoencoderObjective;
        using PatchDiscriminator? discriminator = how.AdversarialWeight > 0 ? (context.Recipe.Discriminator ?? new PatchDiscriminatorConfig()).Build() : null;
        var objective = new AutoencoderObjective(network, context.Material.Pictures, how, discriminator: discriminator);
        TrainingOptions? options = TrainingPlan.Of(context, Stage, context.Recipe.AutoencoderTraining with { Seed = context.Recipe.Seed }, objective, context.Recipe.AutoencoderShare);
        if (options is null) return false;
        var trend = new StageTrend(context.Run, Stage);
        var trainer = new Trainer(options, context.Logger) { Check = Check(context, network, trend, options) };
        bool done = TrainingConsole.Show(context, trend, progress => trainer.Run(objective, context.Checkpoints(Stage), progress, context.Cancellation));
        context.Run.DrawLoss(Stage, fileName: LossFile);
        if (!done) return false;
        StateDict.Save(network, context.AutoencoderWeights);
        return true;
    }

    /// <summary>Validates and draws the curves: the loss that is trained, but for an adversary, of whole pictures, one at a time.</summary>
    private static TrainingCallback? Check(RunContext context, AutoencoderKL network, StageTrend trend, TrainingOptions options)
    {
        if (context.Material.Validation is not { } pictures) return null;
        AutoencoderTrainingOptions alike = context.Recipe.AutoencoderObjective with { BatchSize = 1, CropSize = null, AdversarialWeight = 0 };
        var loss = new ObjectiveLoss(
            new AutoencoderObjective(network, pictures, alike), Math.Min(context.Recipe.Validation.ImageCount, pictures.Count!.Value), context.Recipe.Validation.Seed);
        return new TrainingCallback(Math.Clamp(options.Steps / FewestValidations, 1, context.Recipe.ValidateEvery), step =>
        {
            trend.Record(step, loss.Measure());
            context.Run.DrawLoss(Stage, fileName: LossFile);
        });
    }

    /// <summary>Measures the autoencoder, once a run, on images of the validation set or, where there is none, of the training set, and shows what it makes of some.</summary>
    private static void Judge(RunContext context, nn.Module<Tensor, Tensor> network)
    {
        (ICaptionedImageSource pictures, string set) = context.Material.Validation is { } validation ? (validation, "validation") : (context.Material.Pictures, "training");
        if (context.Run.Read(Stage, Psnr).Count > 0) return;
        IReadOnlyList<MetricPoint> trained = context.Run.Read(Stage, MetricNames.Loss);
        long step = trained.Count == 0 ? 0 : trained[^1].Step;
        ImageBuffer[] originals = [.. Enumerable.Range(0, (int)Math.Min(context.Recipe.Validation.ImageCount, pictures.Count!.Value)).Select(i => pictures.Read(i).Image)];
        AutoencoderQuality quality = AutoencoderQuality.Measure(LatentAutoencoder.Of(network), originals, cancellationToken: context.Cancellation);
        context.Run.AddImageGrid(Stage, step, SampleSheet.Draw(
        [
            new SheetRow($"pictures of the {set} set", [.. originals.Take(SheetPictures)]),
            new SheetRow("what the autoencoder makes of them", [.. quality.Reconstructions.Take(SheetPictures)]),
        ]));
        context.Run.Record(Stage, step, (Psnr, quality.PeakSignalToNoise.Mean), (Ssim, quality.StructuralSimilarity.Mean));
    }

    private static void CheckSize(RunContext context, nn.Module<Tensor, Tensor> network)
    {
        int factor = LatentAutoencoder.Of(network).DownsamplingFactor, size = context.Recipe.ImageSize;
        if (context.Settings.Data is not null && size % factor != 0)
            throw new InvalidDataException($"The recipe's image_size is {size}; expected a multiple of {factor}, by which the autoencoder shrinks pictures.");
    }
}
