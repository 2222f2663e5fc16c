using System.Globalization;
using System.Text.Json.Nodes;
using LatentDiffusion;
using LatentDiffusion.Checkpoints;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Guidance;
using LatentDiffusion.Models;
using LatentDiffusion.Networks;
using LatentDiffusion.Samples;
using LatentDiffusion.Schedulers;
using LatentDiffusion.Tokenization;
using LatentDiffusion.Training;
using Microsoft.Extensions.Logging;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace Distill;

/// <summary>Computes latents, distils, and writes the model folder and a sample sheet.</summary>
/// <param name="recipe">Settings of the run.</param>
/// <param name="model">Folder of the teacher.</param>
/// <param name="folder">Folder of the run.</param>
/// <param name="data">Path of the user's images; null for drawings.</param>
/// <param name="latentsFile">File of the latents; null for one in the run's folder.</param>
/// <param name="device">Where networks compute.</param>
/// <param name="logger">Receives events other than steps: resuming, damaged checkpoints.</param>
internal sealed class DistillRun(
    Recipe recipe, string model, string folder, string? data, string? latentsFile, Device device, ILogger<Trainer> logger)
{
    private const string Stage = "distillation", AdaptersFile = "pytorch_lora_weights.safetensors";
    private const int TeacherSteps = 20;

    private const double UsualScale = 5;

    /// <returns>False if the run was cancelled; finished work is saved.</returns>
    public bool Execute(CancellationToken cancellationToken)
    {
        var reading = new CheckpointOptions { Device = device, Type = ScalarType.Float32, Logger = new WarningsToConsole() };
        using ModelComponents teacher = DiffusersFolder.Read(model, reading);
        using RunFolder run = RunFolder.Open(folder);
        IAutoencoder autoencoder = LatentAutoencoder.Create(teacher.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder));
        UNet2DConditionModel unet = teacher.Get<UNet2DConditionModel>(ComponentNames.UNet);
        int latentSize = unet.Config.SampleSize?[0]
            ?? throw new NotSupportedException($"The U-Net of '{model}' does not specify its sample_size.");
        using var index = new RunImageIndex(run.Location);
        int imageSize = latentSize * autoencoder.DownsamplingFactor;
        DistillationData images = DistillationData.Open(data, recipe, imageSize, index.Path, logger, cancellationToken);
        run.RequireData(string.Create(CultureInfo.InvariantCulture, $"{images.Key}, {images.Count} images"));
        index.Keep();
        run.Configure(new JsonObject { ["model"] = model, ["data"] = data, ["recipe"] = recipe.ToJson() });
        var console = new TrainingConsole(AnsiConsole.Console, ErrorConsole.Create(), run);
        using LatentCache latents = Encode(console, teacher, images, cancellationToken);

        ITrainableDenoiser student = ConsistencyStudent.FromTeacher(teacher, recipe.GuidanceWidth);
        using nn.Module trained = student.Network;
        // The teacher computes in the same precision as the student.
        if (recipe.Training.Precision == TrainingPrecision.BFloat16) unet.to(ScalarType.BFloat16);

        using LoraTraining? adapters = recipe.Adapters is { } layers
            ? new LoraTraining(new Dictionary<string, nn.Module> { [student.ComponentName] = trained }, layers)
            : null;
        using var whole = new ConsistencyObjective(student, teacher, latents, recipe.Objective);
        ITrainingObjective objective = adapters?.Objective(whole) ?? whole;
        var trainer = new Trainer(recipe.Training with { Seed = recipe.Seed }, logger);
        string checkpoints = run.Checkpoints(Stage);
        bool done = console.Show(
            new StageTrend(run, Stage), progress => trainer.Run(objective, checkpoints, progress, cancellationToken));
        run.DrawLoss(Stage, logarithmic: true);
        if (!done) return false;

        if (adapters is null) ConsistencyStudent.Write(teacher, student, whole.Scheduler, run.Model, ScalarType.Float16);
        else adapters.Save(Path.Combine(Directory.CreateDirectory(run.Model).FullName, AdaptersFile), ScalarType.Float16);
        string result = adapters is null ? "The student is" : "The teacher's adapters are";
        AnsiConsole.MarkupLineInterpolated($"{result} in [bold]{run.Model}[/], for {recipe.SheetSteps} steps.");
        if (recipe.SheetColumns > 0)
        {
            byte[] png = new SkiaImageCodec().EncodePng(Sheet(run.Model, whole.Scheduler, images.Prompts));
            run.Save("prompts.png", png);
        }

        return true;
    }

    private LatentCache Encode(
        TrainingConsole console, ModelComponents teacher, DistillationData images, CancellationToken cancellationToken)
    {
        ClipTokenizer tokenizer = teacher.Get<ClipTokenizerFiles>(ComponentNames.Tokenizer).Build();
        var autoencoder = teacher.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder);
        string path = latentsFile ?? Path.Combine(folder, "latents.safetensors");
        var options = new LatentCacheOptions { Logger = logger };
        return console.ShowCount("latents", images.Count, progress => autoencoder switch
        {
            AutoencoderKL kl => LatentCache.Open(
                path, images.Key, kl, tokenizer, images.Images, images.Count, options, progress, cancellationToken),
            AutoencoderTiny tiny => LatentCache.Open(
                path, images.Key, tiny, tokenizer, images.Images, images.Count, options, progress, cancellationToken),
            _ => throw new NotSupportedException(
                $"The autoencoder of '{model}' is a {autoencoder.GetType().Name}, which does not have a shift and scale."),
        });
    }

    /// <summary>
    /// Images of each prompt from the same noise: of the teacher with its guidance, of the teacher in as few steps as the student,
    /// and of the student.
    /// </summary>
    private ImageBuffer Sheet(string student, SchedulerConfig scheduler, IReadOnlyList<string> prompts)
    {
        using DiffusionPipeline before = Open(model)
            .UseGuidance(space => new IntervalGuidance(new ClassifierFreeGuidance(), space, recipe.Objective.GuidanceInterval))
            .Build();
        DiffusionPipelineBuilder distilled = recipe.Adapters is null
            ? Open(student)
            : Open(model).UseLora(Path.Combine(student, AdaptersFile)).UseScheduler(NoiseScheduler.FromConfig(scheduler));
        using DiffusionPipeline after = distilled.Build();
        // The usual scale, limited to the range that the student knows.
        double scale = Math.Clamp(
            before.Model!.GuidanceScale ?? UsualScale, recipe.Objective.GuidanceMinimum, recipe.Objective.GuidanceMaximum);
        return SampleSheet.Draw(
            [.. prompts.SelectMany(prompt => new[]
            {
                Row(before, prompt, TeacherSteps, scale, "teacher"), Row(before, prompt, recipe.SheetSteps, scale, "teacher"),
                // Without the embedding, the guidance scale is part of the student's weights.
                Row(after, prompt, recipe.SheetSteps, recipe.GuidanceWidth is null ? 1 : scale, "student"),
            })],
            string.Create(CultureInfo.InvariantCulture, $"guidance {scale:G3}"));

        DiffusionPipelineBuilder Open(string folder) =>
            new DiffusionPipelineBuilder().UseLoggerFactory(new WarningsToConsole()).UseModelFolder(folder, device);

        SheetRow Row(DiffusionPipeline pipeline, string prompt, int steps, double guidance, string who)
        {
            var request = new GenerationRequest
            {
                Prompt = prompt, Seed = 0, ImageCount = recipe.SheetColumns, Steps = steps, GuidanceScale = guidance,
            };
            return new SheetRow($"{who}, {steps} steps: {prompt}", [.. pipeline.Generate(request).Images.Select(i => i.Image)]);
        }
    }
}
