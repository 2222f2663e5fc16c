using System.ComponentModel.DataAnnotations;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

public sealed class ConsistencyLossTests : IDisposable
{
    private static readonly Dictionary<PredictionType, SchedulerConfig> s_schedulers = new()
    {
        [PredictionType.Epsilon] = Scheduler("epsilon", zeroTerminalSnr: false),
        [PredictionType.Velocity] = Scheduler("v_prediction", zeroTerminalSnr: true),
        [PredictionType.Sample] = Scheduler("sample", zeroTerminalSnr: true),
    };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TinyDenoiser _tiny = new();

    public void Dispose()
    {
        _tiny.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [InlineData(PredictionType.Epsilon, 1, 0.1, 16)]
    [InlineData(PredictionType.Velocity, 1, 0.1, null)]
    [InlineData(PredictionType.Velocity, 4, null, 16)]
    [InlineData(PredictionType.Sample, 1, null, 16)]
    public void Gradients_agree_with_finite_differences(PredictionType prediction, int phases, double? delta, int? width)
    {
        using UNet2DConditionModel student = Student(width, ScalarType.Float64);
        var options = new ConsistencyTrainingOptions
        {
            BatchSize = 3, SolverSteps = 20, Phases = phases, HuberDelta = delta, TargetDecay = 0.9
        };
        using ConsistencyObjective objective = Objective(student, s_schedulers[prediction], options);
        FiniteDifferences.Agree(() => objective.Loss(new TrainingStep(0, new Generator(9))), FiniteDifferences.Parameters(student));
        Assert.All(
            _tiny.Network.parameters().Concat(_tiny.Text.parameters()),
            p => Assert.True(p.grad is null || p.grad.abs().max().item<double>() == 0));
        Assert.All(objective.Targets["unet"].parameters(), p => Assert.Null(p.grad));
    }

    [Theory]
    [InlineData(PredictionType.Epsilon, 20, 1, 1, 1.0)]
    [InlineData(PredictionType.Velocity, 20, 1, 2, 0.5)]
    [InlineData(PredictionType.Velocity, 20, 4, 1, 0.5)]
    [InlineData(PredictionType.Sample, 20, 2, 5, 1.0)]
    // A phase of one step: the student is held against the teacher alone.
    [InlineData(PredictionType.Velocity, 4, 4, 5, 0.5)]
    public void The_loss_is_that_of_the_paper_image_by_image(
        PredictionType prediction,
        int points,
        int phases,
        int evaluations,
        double stop)
    {
        const int Width = 16, Batch = 4;
        using UNet2DConditionModel student = Student(Width, ScalarType.Float64);
        var options = new ConsistencyTrainingOptions
        {
            BatchSize = Batch, SolverSteps = points, SolverEvaluations = evaluations, Phases = phases,
            GuidanceMinimum = 2, GuidanceMaximum = 6,
            HuberDelta = 0.03,
            GuidanceInterval = new GuidanceIntervalOptions { Stop = stop }, TimestepScaling = 0.02,
        };
        using ConsistencyObjective objective = Objective(student, s_schedulers[prediction], options);
        using IDisposable noGrad = no_grad();
        // The target network is the student as it was.
        foreach (Tensor parameter in student.parameters()) parameter.mul_(1.05);
        var target = (UNet2DConditionModel)objective.Targets["unet"];
        double actual = objective.Loss(new TrainingStep(0, new Generator(9))).item<double>();

        // The same draws in the same order, and each image by itself.
        var random = new Generator(9);
        long[] drawn = randint(1, points + 1, [Batch], dtype: ScalarType.Int64, generator: random).data<long>().ToArray();
        double[] scales = [.. rand(Batch, generator: random).data<float>().Select(u => 2 + 4.0 * u)];
        Tensor noise = randn([Batch, 4, 8, 8], generator: random).to(ScalarType.Float64);
        IReadOnlyList<double> alphaBars = s_schedulers[prediction].ToNoiseSchedule().AlphasCumprod;
        long[] order = new BatchIndices(6, Batch).IndicesFor(0);
        int stride = 1000 / points;
        double expected = 0;
        for (int i = 0; i < Batch; i++)
        {
            int t = (int)drawn[i] * stride - 1, edge = (int)(drawn[i] - 1) / (points / phases) * (points / phases) * stride - 1;
            Tensor sample = (_tiny.Data.Latents[order[i]].to(ScalarType.Float64).unsqueeze(0) - 0.2) * 0.7;
            Tensor text = _tiny.Text.call(_tiny.Data.Ids[order[i]].unsqueeze(0)).LastHiddenState;
            Tensor empty = _tiny.Text.call(tensor(_tiny.Tokenizer.Encode("").Ids).unsqueeze(0)).LastHiddenState;
            double[] angles =
            [
                .. Enumerable.Range(0, Width / 2)
                    .Select(j => 1000 * (scales[i] - 1) * Math.Exp(-Math.Log(10000) * j / (Width / 2 - 1)))
            ];
            Tensor told = tensor([.. angles.Select(Math.Sin), .. angles.Select(Math.Cos)], [1, Width]);

            Tensor noisy = Signal(t) * sample + Noise(t) * noise[i].unsqueeze(0), earlier = noisy;
            int now = t;
            for (int part = 0; part < evaluations; part++)
            {
                Tensor with = _tiny.Network.call(new UNetInput(earlier, tensor([(long)now]), text)),
                    without = _tiny.Network.call(new UNetInput(earlier, tensor([(long)now]), empty));
                Tensor guided = 1 - now / 1000.0 <= stop ? without + scales[i] * (with - without) : with;
                earlier = Jump(earlier, guided, now, now -= stride / evaluations);
            }

            Assert.Equal(t - stride, now);
            Tensor goal = now == edge ? earlier : End(target, earlier, now), end = End(student, noisy, t);
            Tensor error = end - goal;
            expected += ((error.square() + 0.03 * 0.03).sqrt() - 0.03).mean().item<double>() / Batch;

            Tensor End(UNet2DConditionModel network, Tensor x, int at)
            {
                Tensor output = network.call(new UNetInput(x, tensor([(long)at]), text) { TimestepCondition = told });
                if (phases > 1) return Jump(x, output, at, edge);
                double scaled = 0.02 * at, skip = 0.25 / (scaled * scaled + 0.25), scale = scaled / Math.Sqrt(scaled * scaled + 0.25);
                return skip * x + scale * Clean(x, output, at);
            }
        }

        // Guidance embeddings are made in float32, of angles of up to 5000.
        Assert.Equal(expected, actual, 1e-4 * expected);
        Assert.True(expected > 0.001, $"a loss of {expected} tests little");

        double Signal(int at) => at < 0 ? 1 : Math.Sqrt(alphaBars[at]);
        double Noise(int at) => at < 0 ? 0 : Math.Sqrt(1 - alphaBars[at]);
        Tensor Clean(Tensor x, Tensor output, int at) => prediction switch
        {
            PredictionType.Epsilon => (x - Noise(at) * output) / Signal(at),
            PredictionType.Velocity => Signal(at) * x - Noise(at) * output,
            _ => output,
        };
        Tensor Jump(Tensor x, Tensor output, int from, int to)
        {
            Tensor clean = Clean(x, output, from), left = prediction switch
            {
                PredictionType.Epsilon => output,
                PredictionType.Velocity => Noise(from) * x + Signal(from) * output,
                _ => (x - Signal(from) * output) / Noise(from),
            };
            return Signal(to) * clean + Noise(to) * left;
        }
    }

    [Fact]
    public void The_function_is_the_identity_at_the_end_of_every_phase()
    {
        Assert.Equal(new ConsistencyBoundary(1, 0), ConsistencyBoundary.At(0, 10));
        // Both coefficients are differentiable in t, and keep the variance of their input.
        Assert.All(Enumerable.Range(0, 100), i =>
        {
            ConsistencyBoundary at = ConsistencyBoundary.At(0.01 * i, 10);
            Assert.Equal(1, at.Skip + at.Out * at.Out, 1e-14);
        });
        foreach ((PredictionType prediction, SchedulerConfig config) in s_schedulers)
        {
            foreach (int phases in new[] { 1, 2, 4 })
            {
                var path = new ConsistencyPath(
                    new DiffusionProcess(config.ToNoiseSchedule(), prediction),
                    new ConsistencyTrainingOptions { SolverSteps = 20, Phases = phases });
                Assert.All(Enumerable.Range(1, 20), n => Assert.InRange(path.Edge(n), Math.Max(0, n - 20 / phases), n - 1));
                Assert.All(
                    Enumerable.Range(0, phases),
                    m => Assert.Equal(new PredictionWeights(1, 0), path.End(m * 20 / phases, m * 20 / phases)));
            }
        }
    }

    [Fact]
    public void With_one_point_the_goal_is_the_teachers_own_step()
    {
        var options = new ConsistencyTrainingOptions { SolverSteps = 1, GuidanceMinimum = 1, GuidanceMaximum = 1, HuberDelta = null };
        var path = new ConsistencyPath(
            new DiffusionProcess(s_schedulers[PredictionType.Velocity].ToNoiseSchedule(), PredictionType.Velocity),
            options);
        var interval = new IntervalGuidance(
            new ClassifierFreeGuidance(),
            DiffusionProcess.FromConfig(s_schedulers[PredictionType.Velocity]),
            options.GuidanceInterval);
        Tensor sample = randn(3, 1, 2, 2, generator: new Generator(1)).to(ScalarType.Float64), width = zeros(3, 1, 1, ScalarType.Float64);
        var text = new Conditioning(width);
        double loss = new ConsistencyLoss(path, interval, readsScale: false, options).Compute(
            sample, text, text, new Generator(2),
            x => x.Latents.sin(),
            _ => throw new InvalidOperationException("asked"),
            x => x.Latents.sin()).item<double>();
        // f is c_out·x̂_0, with c_out = 1 − 1e-9 at t = 999.
        Assert.InRange(loss, 0, 1e-14);
    }

    [Fact]
    public void A_teacher_may_have_a_scheduler_that_the_library_lacks()
    {
        SchedulerConfig student = ConsistencyStudent.Scheduler(
            SchedulerConfig.Parse("""
            { "_class_name": "DPMSolverSDEScheduler",
                "prediction_type": "v_prediction",
                "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012 }
            """),
            new ConsistencyTrainingOptions());
        NoiseScheduler lcm = NoiseScheduler.FromConfig(student);
        Assert.Equal((PredictionType.Velocity, 0.00085), (lcm.PredictionType, Math.Round(lcm.Schedule!.Betas[0], 6)));
    }

    [Fact]
    public void The_function_is_what_the_students_scheduler_computes()
    {
        Tensor x = Reference.FormulaWeights.Input("x", [1, 4, 8, 8]).to(ScalarType.Float64),
            output = Reference.FormulaWeights.Input("o", [1, 4, 8, 8]).to(ScalarType.Float64);
        foreach ((PredictionType prediction, SchedulerConfig config) in s_schedulers)
        {
            var single = new ConsistencyTrainingOptions { SolverSteps = 20, TimestepScaling = 0.01 };
            NoiseScheduler lcm = NoiseScheduler.FromConfig(ConsistencyStudent.Scheduler(config, single));
            var path = new ConsistencyPath(new DiffusionProcess(lcm.Schedule!, prediction), single);
            Assert.IsType<LcmScheduler>(lcm);
            for (int n = 1; n <= 20; n++)
            {
                using ISchedulerRun run = lcm.Start(new SamplingOptions { Timesteps = [path.Timestep(n)] });
                Close(run.Step(output, x), path.End(n, 0));
            }

            using ISchedulerRun four = lcm.Start(new SamplingOptions { Steps = 4 }, new NoNoise());
            Assert.Equal([999, 749, 499, 249], four.Timesteps);

            var phased = new ConsistencyTrainingOptions { SolverSteps = 20, Phases = 4 };
            NoiseScheduler ddim = NoiseScheduler.FromConfig(ConsistencyStudent.Scheduler(config, phased));
            path = new ConsistencyPath(new DiffusionProcess(ddim.Schedule!, prediction), phased);
            Assert.IsType<DdimScheduler>(ddim);
            using ISchedulerRun jumps = ddim.Start(new SamplingOptions { Steps = 4 });
            foreach (int n in new[] { 20, 15, 10, 5 })
            {
                Assert.Equal(path.Timestep(n), jumps.Timestep);
                Assert.Equal(n - 5, path.Edge(n));
                Close(jumps.Step(output, x), path.End(n, n - 5));
            }
        }

        void Close(Tensor actual, PredictionWeights weights) =>
            Assert.InRange((actual - (weights.Noisy * x + weights.Prediction * output)).abs().max().item<double>(), 0, 1e-12);
    }

    [Fact]
    public void The_students_scheduler_has_the_teachers_schedule()
    {
        // DDPM's defaults are linear from 1e-4 to 0.02, those of LCM scaled linear from 0.00085 to 0.012.
        SchedulerConfig plain = SchedulerConfig.Parse("""{ "_class_name": "DDPMScheduler" }""");
        var options = new ConsistencyTrainingOptions { SolverSteps = 25 };
        SchedulerConfig student = ConsistencyStudent.Scheduler(plain, options);
        Assert.Equal(plain.ToNoiseSchedule().AlphasCumprod, student.ToNoiseSchedule().AlphasCumprod);
        Assert.Equal(25, student.Number("original_inference_steps"));
        SchedulerConfig own = SchedulerConfig.Parse("""
            { "_class_name": "EulerDiscreteScheduler", "num_train_timesteps": 4,
                "trained_betas": [0.1, 0.2, 0.3, 0.4], "use_karras_sigmas": true,
                "prediction_type": "sample"
            }
            """);
        student = ConsistencyStudent.Scheduler(own, options with { SolverSteps = 4, Phases = 2 });
        Assert.Equal(own.ToNoiseSchedule().AlphasCumprod, student.ToNoiseSchedule().AlphasCumprod);
        Assert.Equal(PredictionType.Sample, NoiseScheduler.FromConfig(student.ToJson()).PredictionType);
    }

    [Fact]
    public void What_cannot_be_distilled_is_refused_with_the_reason()
    {
        using UNet2DConditionModel student = Student(16, ScalarType.Float32);
        var good = new ConsistencyTrainingOptions { BatchSize = 2, SolverSteps = 20 };
        SchedulerConfig velocity = s_schedulers[PredictionType.Velocity];
        Assert.Contains(
            "SolverSteps is 30; it must divide the 1000",
            Refused<ArgumentException>(velocity, good with { SolverSteps = 30 }),
            StringComparison.Ordinal);
        Assert.Contains(
            "SolverEvaluations is 3; it must divide the 50",
            Refused<ArgumentException>(velocity, good with { SolverEvaluations = 3 }),
            StringComparison.Ordinal);
        Assert.Contains(
            "Phases is 3; it must divide SolverSteps, 20",
            Refused<ValidationException>(velocity, good with { Phases = 3 }),
            StringComparison.Ordinal);
        Assert.Contains(
            "GuidanceMaximum is 2",
            Refused<ValidationException>(velocity, good with { GuidanceMaximum = 2 }),
            StringComparison.Ordinal);
        Assert.Contains("TargetDecay", Refused<ValidationException>(velocity, good with { TargetDecay = 1 }), StringComparison.Ordinal);
        Assert.Contains(
            "Stop is 0",
            Refused<ValidationException>(velocity, good with { GuidanceInterval = new GuidanceIntervalOptions { Stop = 0 } }),
            StringComparison.Ordinal);
        Assert.Contains(
            "zero terminal SNR",
            Refused<ArgumentException>(Scheduler("epsilon", zeroTerminalSnr: true), good),
            StringComparison.Ordinal);
        Assert.Contains(
            "no discrete training schedule",
            Refused<ArgumentException>(SchedulerConfig.Parse("""{ "_class_name": "FlowMatchEulerDiscreteScheduler" }"""), good),
            StringComparison.Ordinal);
        Assert.Contains(
            "'beta_schedule'",
            Refused<ArgumentException>(SchedulerConfig.Parse("""{ "_class_name": "DDPMScheduler", "beta_schedule": "sigmoid" }"""), good),
            StringComparison.Ordinal);

        using var frozen = new ClipTextConditioning(_tiny.Text, _tiny.Tokenizer, _tiny.Data.Ids, train: false);
        using var trained = new ClipTextConditioning(_tiny.Text, _tiny.Tokenizer, _tiny.Data.Ids);
        Assert.Contains("text_encoder", Assert.Throws<ArgumentException>(
            () => new ConsistencyObjective(
                new UNetDenoiser(student),
                new UNetDenoiser(_tiny.Network),
                trained,
                _tiny.Data,
                LatentScaling.FromConfig(_tiny.Autoencoder),
                velocity,
                good)).Message,
            StringComparison.Ordinal);
        Assert.Contains("time_cond_proj_dim", Assert.Throws<ArgumentException>(
            () => new ConsistencyObjective(
                new UNetDenoiser(student),
                new UNetDenoiser(student),
                frozen,
                _tiny.Data,
                LatentScaling.FromConfig(_tiny.Autoencoder),
                velocity,
                good)).Message,
            StringComparison.Ordinal);
        using UNet2DConditionModel wide = (_tiny.Network.Config with { OutChannels = 8 }).Build();
        Assert.Contains("The student takes 4 channels and gives 8", Assert.Throws<ArgumentException>(
            () => new ConsistencyObjective(
                new UNetDenoiser(wide),
                new UNetDenoiser(_tiny.Network),
                frozen,
                _tiny.Data,
                LatentScaling.FromConfig(_tiny.Autoencoder),
                velocity,
                good)).Message,
            StringComparison.Ordinal);

        string Refused<T>(SchedulerConfig scheduler, ConsistencyTrainingOptions options) where T : Exception =>
            Assert.Throws<T>(() => Objective(student, scheduler, options)).Message;
    }

    private UNet2DConditionModel Student(int? width, ScalarType type)
    {
        UNet2DConditionModel student = new UNetDenoiser(_tiny.Network).CreateStudent(width).Network;
        // No longer the teacher, and it depends on the guidance scale.
        Reference.FormulaWeights.Fill(student);
        using (no_grad())
            foreach (Tensor parameter in student.parameters()) parameter.mul_(0.9);
        student.to(type);
        _tiny.Network.to(type);
        _tiny.Text.to(type);
        return student;
    }

    private ConsistencyObjective Objective(UNet2DConditionModel student, SchedulerConfig scheduler, ConsistencyTrainingOptions options)
    {
        var text = new ClipTextConditioning(_tiny.Text, _tiny.Tokenizer, _tiny.Data.Ids, train: false);
        return new ConsistencyObjective(
            new UNetDenoiser(student),
            new UNetDenoiser(_tiny.Network),
            text,
            _tiny.Data,
            LatentScaling.FromConfig(_tiny.Autoencoder),
            scheduler,
            options);
    }

    private static SchedulerConfig Scheduler(string prediction, bool zeroTerminalSnr) => SchedulerConfig.Parse($$"""
        { "_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
          "prediction_type": "{{prediction}}", "rescale_betas_zero_snr": {{(zeroTerminalSnr ? "true" : "false")}}, "clip_sample": false }
        """);

    private sealed class NoNoise : INoiseSource
    {
        public Tensor NextLike(Tensor like) => zeros_like(like);
    }
}
