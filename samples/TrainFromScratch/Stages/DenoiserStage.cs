using LatentDiffusion;
using LatentDiffusion.Checkpoints;
using LatentDiffusion.Denoising;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Models;
using LatentDiffusion.Networks;
using LatentDiffusion.Samples;
using LatentDiffusion.Schedulers;
using LatentDiffusion.Tokenization;
using LatentDiffusion.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>Trains and validates text encoder and U-Net together on the latents, and writes the model folder.</summary>
internal sealed class DenoiserStage(
    RunContext context, nn.Module<Tensor, Tensor> autoencoder, ClipTokenizer tokenizer, double shift, double scale)
{
    public const string Stage = "denoiser";

    private const int SheetsDuringTraining = 4, FewestValidations = 40;
    // The rest of the hours is for encoding and sample sheets.
    private const double Fraction = 0.95;

    private readonly SchedulerConfig _scheduler = SchedulerConfig.Parse(context.Recipe.Scheduler.ToJsonString());

    /// <returns>False if the run was cancelled.</returns>
    public bool Run(BpeVocabulary vocabulary, LatentCache latents, LatentCache? validation)
    {
        Recipe recipe = context.Recipe;
        manual_seed((long)recipe.Seed + 1);
        Device device = context.Settings.Device;
        UNet2DConditionConfig fitting = Fitting(latents.Latents.shape);
        string? from = context.Settings.From;
        UNet2DConditionModel unet = (from is null ? fitting.Build() : StartingNetworks.UNet(from, fitting)).to(device);
        ClipTextModel text =
            (recipe.TextEncoder with { VocabSize = tokenizer.VocabularySize, EosTokenId = tokenizer.EndId }).Build().to(device);
        if (from is not null) StateDict.Load(text, Path.Combine(from, "text_encoder", "model.safetensors"));

        using var components = new ModelComponents(ModelFamilies.StableDiffusion, "StableDiffusionPipeline", _scheduler)
        {
            [ComponentNames.UNet] = unet,
            [ComponentNames.Autoencoder] = autoencoder,
            [ComponentNames.TextEncoder] = text,
            [ComponentNames.Tokenizer] = new ClipTokenizerFiles(vocabulary, tokenizer.MaxLength),
        };
        IAutoencoder part = LatentAutoencoder.Create(autoencoder);
        var denoiser = new UNetDenoiser(unet);
        int imageSize = (int)latents.Latents.shape[2] * part.DownsamplingFactor;
        var sheet = new PromptSheet(denoiser, new ClipTextEncoder(text, tokenizer), part, _scheduler, imageSize, device);
        DiffusionProcess process = DiffusionProcess.FromConfig(_scheduler);
        using var texts = new CaptionTexts(text, tokenizer, latents, context.Material, recipe);
        using var objective = new DenoiserObjective(
            denoiser, texts.Conditioning, latents, new LatentScaling(shift, scale), process.Schedule, recipe.DenoiserObjective)
        {
            RowName = row => context.Material.Images.Read(row).Name,
        };
        double fraction = Fraction - (context.Settings.Autoencoder is null ? recipe.AutoencoderFraction : 0);
        TrainingOptions training = recipe.DenoiserTraining with { Seed = recipe.Seed + 1 };
        if (context.Settings.Accumulation is { } batches) training = training with { GradientAccumulation = batches };
        TrainingOptions? options = TrainingPlan.Create(context, Stage, training, objective, fraction);
        if (options is null) return false;

        using ClipTextConditioning? captions =
            validation is null ? null : new ClipTextConditioning(text, tokenizer, validation.Ids, train: false);
        ValidationLoss? loss = validation is null ? null : new ValidationLoss(
            denoiser, captions!, validation, new LatentScaling(shift, scale), process, recipe.Validation)
        {
            Processes = context.Processes,
        };
        var trend = new StageTrend(context.Run, Stage);
        var trainer = new Trainer(options, context.Logger)
        {
            Check = Check(loss, trend, sheet, options), Reducer = context.Processes,
        };
        string checkpoints = context.Checkpoints(Stage);
        bool done = context.Console.Show(
            trend, progress => trainer.Run(objective, checkpoints, progress, context.Cancellation));
        context.Write(run => run.DrawLoss(Stage));
        if (!done) return false;

        context.Write(run =>
        {
            DiffusersFolder.Write(components, run.Model, ScalarType.Float16);
            if (recipe.SheetColumns == 0) return;
            ImageBuffer prompts = sheet.Draw(recipe.SheetColumns, $"after {options.Steps} steps");
            run.Save("prompts.png", new SkiaImageCodec().EncodePng(prompts));
        });
        return true;
    }

    /// <summary>Validates, draws the curves, and occasionally a sample sheet.</summary>
    private TrainingCallback Check(ValidationLoss? loss, StageTrend trend, PromptSheet sheet, TrainingOptions options)
    {
        long every = Math.Clamp(options.Steps / FewestValidations, 1, context.Recipe.ValidateEvery);
        return new TrainingCallback(every, step =>
        {
            if (loss is not null) trend.Record(step, loss.Measure());
            if (context.Run is not { } run) return;
            run.DrawLoss(Stage);
            bool due = SheetsDuringTraining * step / options.Steps > SheetsDuringTraining * (step - every) / options.Steps;
            if (due && step < options.Steps && context.Recipe.SheetColumns > 0)
                run.AddImageGrid(Stage, step, sheet.Draw(context.Recipe.SheetColumns, $"after {step} steps"));
        });
    }

    /// <summary>The recipe's U-Net, adapted to the shape of the latents.</summary>
    private UNet2DConditionConfig Fitting(long[] latents)
    {
        UNet2DConditionConfig config = context.Recipe.Unet;
        int outputs = config.OutChannels / config.InChannels;
        return config with { InChannels = (int)latents[1], OutChannels = outputs * (int)latents[1], SampleSize = (int)latents[2] };
    }
}
