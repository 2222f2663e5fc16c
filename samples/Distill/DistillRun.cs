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

/// <summary>Latents, distillation, model folder, sheet.</summary>
/// <param name="recipe">What the run follows from.</param>
/// <param name="model">Folder of the teacher.</param>
/// <param name="folder">Folder of the run.</param>
/// <param name="data">Pictures of the user's; null for drawings.</param>
/// <param name="latentsFile">The latents' file; null for one in the run's folder.</param>
/// <param name="logger">Told of what the trainer does beside its steps: where it resumes, damaged checkpoints.</param>
internal sealed class DistillRun(Recipe recipe, string model, string folder, string? data, string? latentsFile, ILogger<Trainer> logger)
{
    private const string Stage = "distillation", AdaptersFile = "pytorch_lora_weights.safetensors";
    private const int RecordEvery = 10, TeacherSteps = 20;

    private const double UsualScale = 5;

    /// <returns>False where the run was cancelled; what was done is saved.</returns>
    public bool Execute(CancellationToken cancellationToken)
    {
        using ModelComponents teacher = DiffusersFolder.Read(model, new CheckpointOptions { Type = ScalarType.Float32, Logger = new WarningsToConsole() });
        using RunFolder run = RunFolder.Open(folder);
        IAutoencoder autoencoder = LatentAutoencoder.Of(teacher.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder));
        UNet2DConditionModel unet = teacher.Get<UNet2DConditionModel>(ComponentNames.UNet);
        int latentSize = unet.Config.SampleSize?[0] ?? throw new NotSupportedException($"The U-Net of '{model}' does not say its sample_size.");
        using var index = new RunImageIndex(run.Location);
        Pictures pictures = Pictures.Of(data, recipe, latentSize * autoencoder.DownsamplingFactor, index.Path, logger, cancellationToken);
        run.RequireData(string.Create(CultureInfo.InvariantCulture, $"{pictures.Key}, {pictures.Count} images"));
        index.Keep();
        run.Configure(new JsonObject { ["model"] = model, ["data"] = data, ["recipe"] = recipe.ToJson() });
        using LatentCache latents = Encode(teacher, pictures, cancellationToken);

        using UNetDenoiser student = ConsistencyStudent.Of(unet, recipe.GuidanceWidth);
        // The teacher computes as the student does.
        if (recipe.Training.Precision == TrainingPrecision.BFloat16) unet.to(ScalarType.BFloat16);

        using LoraTraining? adapters = recipe.Adapters is { } layers
            ? new LoraTraining(new Dictionary<string, nn.Module> { [ComponentNames.UNet] = student.Network }, layers)
            : null;
        using var whole = new ConsistencyObjective(student, teacher, latents, recipe.Objective);
        ITrainingObjective objective = adapters?.Objective(whole) ?? whole;
        var trainer = new Trainer(recipe.Training with { Seed = recipe.Seed }, logger);
        long? first = null;
        bool done = Bars(Stage, bar => trainer.Run(objective, run.Checkpoints(Stage), new Report<TrainingProgress>(p =>
        {
            if (first is null) run.ResumeAt(Stage, (first = p.Step - 1).Value);
            (bar.MaxValue, bar.Value) = (p.Steps, p.Step);
            bar.Description = string.Create(CultureInfo.InvariantCulture,
                $"{Stage} {p.Step}/{p.Steps}  {(p.Step - first.Value) / p.Elapsed.TotalSeconds:G3} steps/s  loss {p.SmoothedLoss:F4}  lr {p.LearningRate:0.0e-0}  {p.Remaining:h\\:mm\\:ss} left");
            if (p.Step % RecordEvery == 0 || p.Step == p.Steps) run.Record(Stage, p);
        }), cancellationToken));
        run.DrawLoss(Stage, logarithmic: true);
        if (!done) return false;

        if (adapters is null) ConsistencyStudent.Write(teacher, student, whole.Scheduler, run.Model, ScalarType.Float16);
        else adapters.Save(Path.Combine(Directory.CreateDirectory(run.Model).FullName, AdaptersFile), ScalarType.Float16);
        AnsiConsole.MarkupLineInterpolated($"{(adapters is null ? "The student is" : "The teacher's adapters are")} in [bold]{run.Model}[/]; it draws in {recipe.SheetSteps} steps.");
        if (recipe.SheetColumns > 0)
        {
            byte[] png = new SkiaImageCodec().EncodePng(Sheet(run.Model, whole.Scheduler, pictures.Prompts));
            run.Save("prompts.png", png);
        }

        return true;
    }

    private LatentCache Encode(ModelComponents teacher, Pictures pictures, CancellationToken cancellationToken)
    {
        ClipTokenizer tokenizer = teacher.Get<ClipTokenizerFiles>(ComponentNames.Tokenizer).Build();
        var autoencoder = teacher.Get<nn.Module<Tensor, Tensor>>(ComponentNames.Autoencoder);
        string path = latentsFile ?? Path.Combine(folder, "latents.safetensors");
        var options = new LatentCacheOptions { Logger = logger };
        return Bars("latents", bar =>
        {
            bar.MaxValue = pictures.Count;
            var progress = new Report<long>(done => bar.Value = done);
            return autoencoder switch
            {
                AutoencoderKL kl => LatentCache.Open(path, pictures.Key, kl, tokenizer, pictures.Images, pictures.Count, options, progress, cancellationToken),
                AutoencoderTiny tiny => LatentCache.Open(path, pictures.Key, tiny, tokenizer, pictures.Images, pictures.Count, options, progress, cancellationToken),
                _ => throw new NotSupportedException($"The autoencoder of '{model}' is a {autoencoder.GetType().Name}, which has no plain shift and scale."),
            };
        });
    }

    /// <summary>
    /// For each prompt the teacher's pictures, guided as it was distilled, what it makes of it in as few steps as the student,
    /// and the student's, all from the same noise.
    /// </summary>
    private ImageBuffer Sheet(string student, SchedulerConfig scheduler, IReadOnlyList<string> prompts)
    {
        using DiffusionPipeline before = new DiffusionPipelineBuilder().UseLoggerFactory(new WarningsToConsole()).UseModelFolder(model)
            .UseGuidance(space => new IntervalGuidance(new ClassifierFreeGuidance(), space, recipe.Objective.GuidanceInterval)).Build();
        using DiffusionPipeline after = (recipe.Adapters is null
            ? new DiffusionPipelineBuilder().UseLoggerFactory(new WarningsToConsole()).UseModelFolder(student)
            : new DiffusionPipelineBuilder().UseLoggerFactory(new WarningsToConsole()).UseModelFolder(model).UseLora(Path.Combine(student, AdaptersFile)).UseScheduler(NoiseScheduler.FromConfig(scheduler))).Build();
        // As near to what is usual as the student knows.
        double scale = Math.Clamp(before.Model!.GuidanceScale ?? UsualScale, recipe.Objective.GuidanceMinimum, recipe.Objective.GuidanceMaximum);
        return SampleSheet.Draw(
            [.. prompts.SelectMany(prompt => new[]
            {
                Row(before, prompt, TeacherSteps, scale, "teacher"), Row(before, prompt, recipe.SheetSteps, scale, "teacher"),
                // Without the embedding the scale is in its weights.
                Row(after, prompt, recipe.SheetSteps, recipe.GuidanceWidth is null ? 1 : scale, "student"),
            })],
            string.Create(CultureInfo.InvariantCulture, $"guidance {scale:G3}"));

        SheetRow Row(DiffusionPipeline pipeline, string prompt, int steps, double guidance, string who) => new($"{who}, {steps} steps: {prompt}", [.. pipeline.Generate(
            new GenerationRequest { Prompt = prompt, Seed = 0, Count = recipe.SheetColumns, Steps = steps, GuidanceScale = guidance }).Images.Select(i => i.Image)]);
    }

    private static T Bars<T>(string stage, Func<ProgressTask, T> run) => AnsiConsole.Progress()
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
        .Start(context => run(context.AddTask(stage)));

    /// <summary>Reports on the calling thread, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Report<T>(Action<T> action) : IProgress<T>
    {
        void IProgress<T>.Report(T value) => action(value);
    }
}
