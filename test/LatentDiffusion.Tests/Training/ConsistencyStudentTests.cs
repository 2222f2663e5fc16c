using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>A model folder is distilled with the trainer, stopped and resumed, written and opened again.</summary>
public sealed class ConsistencyStudentTests : IDisposable
{
    private static readonly TrainingOptions s_training = new()
    {
        Steps = 6, CheckpointEvery = 2, EmaDecay = 0.9,
        Optimizer = new OptimizerOptions
        {
            LearningRate = 0.02, WarmupSteps = 0, Decay = LearningRateDecay.Constant
        },
    };

    private static readonly ConsistencyTrainingOptions s_options = new() { BatchSize = 2, SolverSteps = 20, TargetDecay = 0.8 };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly TinyModel _model = new();
    private readonly ModelComponents _teacher;
    private readonly LatentCache _data;

    public ConsistencyStudentTests()
    {
        _teacher = DiffusersFolder.Read(_model.Folder);
        _data = LatentCache.Open(
            _folder["latents.safetensors"],
            "test",
            (AutoencoderKL)_teacher.Autoencoder,
            _teacher.Tokenizer!.Build(),
            new TinyDenoiser.Stripes(6),
            6);
    }

    public void Dispose()
    {
        _data.Dispose();
        _teacher.Dispose();
        _model.Dispose();
        _folder.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void A_student_begins_as_its_teacher_at_any_scale()
    {
        using UNetDenoiser student = (UNetDenoiser)ConsistencyStudent.FromTeacher(_teacher, 32);
        using UNetDenoiser plain = (UNetDenoiser)ConsistencyStudent.FromTeacher(_teacher, null);
        float[] expected = Output(_teacher.UNet, null);
        Assert.Equal(expected, Output(plain.Network, null));
        Assert.Equal(expected, Output(student.Network, 1));
        Assert.Equal(expected, Output(student.Network, 7.5));
    }

    [Theory]
    [InlineData(1, "LCMScheduler")]
    [InlineData(2, "DDIMScheduler")]
    public void A_distilled_folder_opens_and_draws_in_few_steps(int phases, string scheduler)
    {
        byte[] untrained = Draw(_model.Folder, 4, 5);
        using UNetDenoiser student = (UNetDenoiser)ConsistencyStudent.FromTeacher(_teacher, 32);
        using var objective = new ConsistencyObjective(student, _teacher, _data, s_options with { Phases = phases });
        Assert.True(new Trainer(s_training).Run(objective, _folder["run"]));
        ConsistencyStudent.Write(_teacher, student, objective.Scheduler, _folder["student"]);

        using (DiffusionModel reopened = DiffusionModel.Open(_folder["student"]))
        {
            Assert.IsType<EmbeddedGuidance>(reopened.Guidance);
            Assert.Equal(scheduler, reopened.SchedulerConfig.ClassName);
            Assert.Equal(_teacher.Scheduler.ToNoiseSchedule().AlphasCumprod, reopened.SchedulerConfig.ToNoiseSchedule().AlphasCumprod);
            Assert.Equal(Output(student.Network, 5), Output(reopened.Components!.UNet, 5));
            Assert.NotEqual(Output(student.Network, 5), Output(student.Network, 9));
        }

        Assert.Contains(scheduler, File.ReadAllText(Path.Combine(_folder["student"], "model_index.json")), StringComparison.Ordinal);
        foreach (string file in new[]
        {
            Path.Combine("vae", "diffusion_pytorch_model.safetensors"),
            Path.Combine("text_encoder", "model.safetensors"),
            Path.Combine("tokenizer", "vocab.json")
        })
            Assert.Equal(File.ReadAllBytes(Path.Combine(_model.Folder, file)), File.ReadAllBytes(Path.Combine(_folder["student"], file)));
        for (int steps = 1; steps <= 4; steps++)
        {
            byte[] image = Draw(_folder["student"], steps, 5);
            Assert.Equal(image, Draw(_folder["student"], steps, 5));
            Assert.NotEqual(untrained, image);
            Assert.NotEqual(image, Draw(_folder["student"], steps, 12));
        }
    }

    [Theory]
    [InlineData(TrainingPrecision.Float32)]
    [InlineData(TrainingPrecision.BFloat16)]
    public void A_stopped_run_goes_on_to_the_same_student_and_target(TrainingPrecision precision)
    {
        (float[] Student, float[] Target) whole = Train("whole", null)!.Value;
        Assert.Null(Train("parts", 3));
        Assert.Null(Train("parts", 1));
        (float[] Student, float[] Target) resumed = Train("parts", null)!.Value;
        Assert.Equal(whole.Student, resumed.Student);
        Assert.Equal(whole.Target, resumed.Target);
        Assert.NotEqual(whole.Student, whole.Target);

        (float[], float[])? Train(string run, int? stopAfter)
        {
            using UNetDenoiser student = (UNetDenoiser)ConsistencyStudent.FromTeacher(_teacher, 32);
            using var objective = new ConsistencyObjective(student, _teacher, _data, s_options);
            using var stop = new CancellationTokenSource();
            int done = 0;
            var report = new Report(_ => { if (++done == stopAfter) stop.Cancel(); });
            bool finished = new Trainer(s_training with { Precision = precision }).Run(objective, _folder[run], report, stop.Token);
            return finished ? (Values(student.Network), Values(objective.Targets["unet"])) : null;
        }
    }

    [Fact]
    public void The_target_follows_the_student_with_its_decay()
    {
        using UNetDenoiser student = (UNetDenoiser)ConsistencyStudent.FromTeacher(_teacher, 32);
        using var objective = new ConsistencyObjective(student, _teacher, _data, s_options);
        double[] expected = [.. Values(student.Network).Select(v => (double)v)];
        var report = new Report(_ =>
        {
            float[] weights = Values(student.Network);
            for (int i = 0; i < expected.Length; i++) expected[i] = 0.8 * expected[i] + 0.2 * weights[i];
        });
        Assert.True(new Trainer(s_training).Run(objective, _folder["run"], report));
        Assert.All(expected.Zip(Values(objective.Targets["unet"])), p => Assert.Equal(p.First, p.Second, 1e-5));
        Assert.All(objective.Targets["unet"].parameters(), p => Assert.False(p.requires_grad));

        // Another decay is another run, and a target must contain the trained parameters.
        using var other = new ConsistencyObjective(student, _teacher, _data, s_options with { TargetDecay = 0.7 });
        Assert.Contains(
            "target networks",
            Assert.Throws<CheckpointException>(() => new Trainer(s_training).Run(other, _folder["run"])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "unet.",
            Assert.Throws<ArgumentException>(
                () => new Trainer(s_training).Run(new Mistaken(objective, _teacher.UNet), _folder["mistaken"])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_LoRA_is_distilled_and_makes_the_teacher_draw_in_few_steps()
    {
        using UNetDenoiser student = (UNetDenoiser)ConsistencyStudent.FromTeacher(_teacher, null);
        var networks = new Dictionary<string, nn.Module> { ["unet"] = student.Network };
        using var averaging = new ConsistencyObjective(student, _teacher, _data, s_options);
        using var objective = new ConsistencyObjective(student, _teacher, _data, s_options with { TargetDecay = 0 });
        Assert.Empty(objective.Targets);
        float[] adapted;
        using (var lora = new LoraTraining(networks, new LoraTrainingOptions { Rank = 2 }))
        {
            Assert.Contains(
                "target decay",
                Assert.Throws<ArgumentException>(() => new InterleavedObjective((averaging, 1))).Message,
                StringComparison.Ordinal);
            Assert.Contains(
                "TargetDecay",
                Assert.Throws<ArgumentException>(() => lora.Objective(averaging)).Message,
                StringComparison.Ordinal);
            Assert.True(new Trainer(s_training).Run(lora.Objective(objective), _folder["run"]));
            adapted = Output(student.Network, null);
            lora.Save(_folder["lcm.safetensors"]);
        }

        Assert.Equal(Output(_teacher.UNet, null), Output(student.Network, null));
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(_model.Folder)
            .UseLora(_folder["lcm.safetensors"]).UseScheduler(_ => NoiseScheduler.FromConfig(objective.Scheduler)).Build();
        float[] merged = Output(pipeline.Model!.Components!.UNet, null);
        double scale = adapted.Max(Math.Abs);
        Assert.All(adapted.Zip(merged), p => Assert.Equal(p.First, p.Second, 1e-5 * Math.Max(1, scale)));
        byte[] image = pipeline.Generate(Request(2, 1)).Images[0].Image.Rgb.ToArray();
        using DiffusionPipeline plain = new DiffusionPipelineBuilder()
            .UseModelFolder(_model.Folder)
            .UseScheduler(_ => NoiseScheduler.FromConfig(objective.Scheduler))
            .Build();
        Assert.NotEqual(plain.Generate(Request(2, 1)).Images[0].Image.Rgb.ToArray(), image);
    }

    [Fact]
    public void Latents_that_are_scaled_are_not_scaled_again()
    {
        using LatentCache plain = LatentCache.Open(
            _folder["plain.safetensors"], "test", (AutoencoderKL)_teacher.Autoencoder,
            _teacher.Tokenizer!.Build(),
            new TinyDenoiser.Stripes(6), 6,
            new LatentCacheOptions { Type = ScalarType.Float32 });
        using LatentCache scaled = LatentCache.Open(
            _folder["scaled.safetensors"], "test", _teacher, new TinyDenoiser.Stripes(6), 6,
            new LatentCacheOptions { Type = ScalarType.Float32 });
        Assert.True(scaled.IsScaled && !plain.IsScaled);
        using UNetDenoiser student = (UNetDenoiser)ConsistencyStudent.FromTeacher(_teacher, 32);
        double expected = Loss(plain);
        Assert.Equal(expected, Loss(scaled), 1e-4 * expected);
        using var texts = new ClipTextConditioning(_teacher.TextEncoder!, _teacher.Tokenizer!.Build(), scaled.Ids, train: false);
        Assert.Contains("scaled already", Assert.Throws<ArgumentException>(
            () => new ConsistencyObjective(
                student,
                new UNetDenoiser(_teacher.UNet),
                texts,
                scaled,
                new LatentScaling(0, 0.5),
                _teacher.Scheduler,
                s_options)).Message,
            StringComparison.Ordinal);

        double Loss(LatentCache data)
        {
            using var objective = new ConsistencyObjective(student, _teacher, data, s_options);
            using var generator = new Generator(5);
            return objective.Loss(new TrainingStep(0, generator)).item<float>();
        }
    }

    [Fact]
    public void Masked_tokens_of_a_text_count_for_nothing()
    {
        using UNetDenoiser student = (UNetDenoiser)ConsistencyStudent.FromTeacher(_teacher, 32);
        // What differs from the teacher shows which text the student was given.
        using (no_grad()) foreach (Tensor parameter in student.Network.parameters()) parameter.mul_(1.1);
        float shorter = Loss(new Masked(3, 3)), masked = Loss(new Masked(5, 3)), whole = Loss(new Masked(5, 5));
        Assert.Equal(shorter, masked, 1e-5f * shorter);
        Assert.True(Math.Abs(whole - masked) > 1e-3f * whole, $"{whole} {masked}");

        float Loss(ITextConditioning texts)
        {
            using var objective = new ConsistencyObjective(
                student, new UNetDenoiser(_teacher.UNet), texts, _data, LatentScaling.None, _teacher.Scheduler, s_options);
            using var generator = new Generator(5);
            return objective.Loss(new TrainingStep(0, generator)).item<float>();
        }
    }

    private static float[] Values(nn.Module network) =>
        [.. network.parameters().SelectMany(p => p.detach().to(ScalarType.Float32).data<float>())];

    private static float[] Output(UNet2DConditionModel network, double? scale)
    {
        using IDisposable noGrad = no_grad();
        var input = new UNetInput(
            Reference.FormulaWeights.Input("x", [2, 4, 8, 8]),
            tensor([999, 31]),
            Reference.FormulaWeights.Input("text", [2, 5, 16]));
        if (scale is { } told)
            input = input with { TimestepCondition = EmbeddedGuidance.Embed([told, told], network.Config.TimeCondProjDim!.Value) };
        return network.call(input).data<float>().ToArray();
    }

    private static GenerationRequest Request(int steps, double guidance) => new()
    {
        Prompt = "a blue bird", Seed = 1, Steps = steps, GuidanceScale = guidance
    };

    private static byte[] Draw(string folder, int steps, double guidance)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folder).Build();
        return pipeline.Generate(Request(steps, guidance)).Images[0].Image.Rgb.ToArray();
    }

    /// <summary>Texts of which only the first tokens may be attended to.</summary>
    private sealed class Masked(int tokens, int attended) : ITextConditioning
    {
        public IReadOnlyDictionary<string, nn.Module> Modules { get; } = new Dictionary<string, nn.Module>();

        public Conditioning Encode(Tensor rows, Tensor dropped)
        {
            long batch = rows.shape[0];
            Tensor text = Reference.FormulaWeights.Input("masked", [1, 5, 16]).narrow(1, 0, tokens).expand(batch, tokens, 16);
            return new Conditioning(text, mask: arange(tokens).less(attended).to(ScalarType.Int64).expand(batch, tokens));
        }
    }

    /// <summary>A target without the guidance embedding that its network has.</summary>
    private sealed class Mistaken(ConsistencyObjective objective, UNet2DConditionModel target) : ITrainingObjective
    {
        public IReadOnlyDictionary<string, nn.Module> Modules => objective.Modules;

        public IReadOnlyDictionary<string, nn.Module> Targets { get; } = new Dictionary<string, nn.Module> { ["unet"] = target };

        public double TargetDecay => 0.5;

        public Tensor Loss(TrainingStep step) => objective.Loss(step);
    }

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
