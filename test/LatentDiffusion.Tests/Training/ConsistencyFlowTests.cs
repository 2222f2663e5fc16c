using LatentDiffusion.Tests.Schedulers.Exact;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using OptimizerOptions = LatentDiffusion.Training.OptimizerOptions;

namespace LatentDiffusion.Tests.Training;

/// <summary>
/// Data whose denoiser and probability flow are known exactly: a small network distilled from the exact denoiser learns
/// where the flow ends, in one evaluation from pure noise, or in one for each phase.
/// </summary>
public sealed class ConsistencyFlowTests
{
    private static readonly (double Weight, double Mean, double Deviation)[] s_components = [(0.4, -0.9, 0.5), (0.6, 0.8, 0.4)];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_small_network_learns_where_the_flow_ends(int phases)
    {
        // The teacher's 50 steps themselves end 0.035 from the flow; the data have a deviation of 0.95.
        const double Tolerance = 0.08;
        using DisposeScope scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        SchedulerConfig config = SchedulerConfig.Parse("""
            { "_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012,
                "beta_schedule": "scaled_linear",
                "prediction_type": "v_prediction", "rescale_betas_zero_snr": true
            }
            """);
        var options = new ConsistencyTrainingOptions
        {
            BatchSize = 16, SolverSteps = 10, SolverEvaluations = 5, Phases = phases,
            GuidanceMinimum = 1, GuidanceMaximum = 1,
            TargetDecay = 0.9
        };
        using var objective = new Points(config, options);
        var training = new TrainingOptions
        {
            Steps = 900, CheckpointEvery = 900, EmaDecay = 0.98,
            Optimizer = new OptimizerOptions { LearningRate = 0.01, WarmupSteps = 20, WeightDecay = 0, FinalLearningRate = 0.01 },
        };
        Assert.True(new Trainer(training).Run(objective, folder["run"]));

        using IDisposable noGrad = no_grad();
        Tensor noise = linspace(-2, 2, 64).reshape(1, 1, 8, 8);
        Tensor exact = GaussianMixture.Two.Flow(noise.to(ScalarType.Float64), (0, 1), (1, 0));
        double learned = Error(objective.Student), alone = Error(objective.Teacher);
        Assert.True(learned < Tolerance, $"the student ends {learned} from the flow; without distillation {alone}");
        Assert.True(alone > 4 * learned, $"the teacher ends {alone} from the flow in as many steps, the student {learned}");

        double Error(Func<DenoiserInput, Tensor> network)
        {
            Tensor x = noise;
            for (int n = options.SolverSteps; n > 0; n = objective.Path.Edge(n))
            {
                PredictionWeights end = objective.Path.End(n, objective.Path.Edge(n));
                x = end.Noisy * x + end.Prediction * network(At(x, objective.Path.Timestep(n)));
            }

            return (x.to(ScalarType.Float64) - exact).square().mean().sqrt().item<double>();
        }
    }

    private static DenoiserInput At(Tensor x, int timestep) => DenoiserCalls.Input(x, timestep, new Conditioning(zeros(1, 1, 1)));

    private static Tensor Times(DenoiserInput input) => tensor(input.Timesteps.Select(t => (long)t).ToArray());

    /// <summary>Every value of a sample is a separate point.</summary>
    private sealed class Points : ITrainingObjective, IDisposable
    {
        private readonly ConsistencyTrainingOptions _options;
        private readonly ConsistencyLoss _loss;
        private readonly Line _student, _target;

        public Points(SchedulerConfig config, ConsistencyTrainingOptions options)
        {
            _options = options;
            Path = new ConsistencyPath(new DiffusionProcess(config.ToNoiseSchedule(), PredictionType.Velocity), options);
            var interval = new IntervalGuidance(
                new ClassifierFreeGuidance(), DiffusionProcess.FromConfig(config), options.GuidanceInterval);
            _loss = new ConsistencyLoss(Path, interval, readsScale: false, options);
            (_student, _target) = (new Line(Path.Schedule), new Line(Path.Schedule));
            (Modules, Targets) = (
                new Dictionary<string, nn.Module> { ["line"] = _student },
                new Dictionary<string, nn.Module> { ["line"] = _target });
        }

        public ConsistencyPath Path { get; }

        public IReadOnlyDictionary<string, nn.Module> Modules { get; }

        public IReadOnlyDictionary<string, nn.Module> Targets { get; }

        public double TargetDecay => _options.TargetDecay;

        public Tensor Student(DenoiserInput input) => _student.call(input.Latents, Times(input));

        /// <summary>The exact velocity: E[x_0|x] is each component's regression, weighted by its responsibility.</summary>
        public Tensor Teacher(DenoiserInput input)
        {
            (Tensor signal, Tensor noise) = _student.Levels(Times(input));
            Tensor[] spreads = [.. s_components.Select(c => signal.square() * (c.Deviation * c.Deviation) + noise.square())];
            Tensor responsibilities = stack(s_components.Select((c, k) =>
                (input.Latents - signal * c.Mean).square() / (-2 * spreads[k]) + Math.Log(c.Weight) - 0.5 * spreads[k].log())).softmax(0);
            Tensor clean = zeros_like(input.Latents);
            foreach ((int k, (_, double mean, double deviation)) in s_components.Index())
                clean = clean + responsibilities[k] * (mean
                    + signal * (deviation * deviation) / spreads[k] * (input.Latents - signal * mean));
            return (signal * input.Latents - clean) / noise;
        }

        public Tensor Loss(TrainingStep step)
        {
            Tensor normal = randn([_options.BatchSize, 1, 8, 8], generator: step.Generator),
                first = rand(normal.shape, generator: step.Generator).less(s_components[0].Weight);
            Tensor sample = where(
                first,
                s_components[0].Mean + s_components[0].Deviation * normal,
                s_components[1].Mean + s_components[1].Deviation * normal);
            var text = new Conditioning(zeros(_options.BatchSize, 1, 1));
            return _loss.Compute(sample, text, text, step.Generator, Student, x => _target.call(x.Latents, Times(x)), Teacher);
        }

        public void Dispose()
        {
            _student.Dispose();
            _target.Dispose();
        }
    }

    /// <summary>Three layers over a number and its noise level.</summary>
    private sealed class Line : nn.Module<Tensor, Tensor, Tensor>
    {
        private readonly NoiseSchedule _schedule;
        private readonly Linear _in = nn.Linear(5, 48), _middle = nn.Linear(48, 48), _out = nn.Linear(48, 1);

        public Line(NoiseSchedule schedule) : base(nameof(Line))
        {
            _schedule = schedule;
            RegisterComponents();
            Reference.FormulaWeights.Fill(this);
        }

        /// <summary>√ᾱ and √(1−ᾱ), [batch, 1, 1, 1].</summary>
        public (Tensor Signal, Tensor Noise) Levels(Tensor timesteps)
        {
            double[] alphaBars = [.. timesteps.data<long>().Select(t => _schedule.AlphasCumprod[(int)t])];
            return (Each(Math.Sqrt), Each(a => Math.Sqrt(1 - a)));
            Tensor Each(Func<double, double> value) => tensor(alphaBars.Select(a => (float)value(a)).ToArray()).view(-1, 1, 1, 1);
        }

        public override Tensor forward(Tensor x, Tensor timesteps)
        {
            (Tensor signal, Tensor noise) = Levels(timesteps);
            Tensor[] features = [x, signal.expand_as(x), noise.expand_as(x), signal.square().expand_as(x), signal * x];
            Tensor hidden = stack(features, -1);
            return _out.call(nn.functional.silu(_middle.call(nn.functional.silu(_in.call(hidden))))).squeeze(-1);
        }
    }
}
