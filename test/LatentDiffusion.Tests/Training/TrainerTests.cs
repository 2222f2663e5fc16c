using System.ComponentModel.DataAnnotations;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

public sealed class TrainerTests : IDisposable
{
    private static readonly TrainingOptions s_options = new()
    {
        Steps = 12, CheckpointEvery = 5, Seed = 3, EmaDecay = 0.9,
        Optimizer = new OptimizerOptions { LearningRate = 0.05, WarmupSteps = 3, GradientClip = 0.5, WeightDecay = 0.1 },
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Training_equals_a_plain_loop_written_from_the_papers()
    {
        using var objective = new TinyObjective();
        using var plain = new TinyObjective();
        Assert.True(new Trainer(s_options).Run(objective, _folder["run"]));

        // Every weight by itself, in double, from Loshchilov & Hutter 2019, algorithm 2.
        nn.Module module = plain.Modules["line"];
        Tensor[] weights = [.. module.parameters()];
        double[] values = [.. plain.Weights.Select(v => (double)v)], average = [.. values];
        double[] first = new double[values.Length], second = new double[values.Length];
        OptimizerOptions o = s_options.Optimizer;
        for (int step = 1; step <= s_options.Steps; step++)
        {
            foreach (Tensor weight in weights) weight.grad?.zero_();
            using (var generator = new Generator(SeedSequence.ForStep(3, step - 1)))
                plain.Loss(new TrainingStep(step - 1, generator)).backward();
            double[] gradient = [.. weights.SelectMany(w => w.grad!.data<float>().Select(g => (double)g))];
            double norm = Math.Sqrt(gradient.Sum(g => g * g)), clip = Math.Min(1, 0.5 / norm);
            double rate = o.LearningRateAt(step - 1, s_options.Steps), decay = Math.Min(0.9, (1.0 + step) / (10.0 + step));
            for (int i = 0; i < values.Length; i++)
            {
                double g = gradient[i] * clip;
                first[i] = o.Beta1 * first[i] + (1 - o.Beta1) * g;
                second[i] = o.Beta2 * second[i] + (1 - o.Beta2) * g * g;
                double m = first[i] / (1 - Math.Pow(o.Beta1, step)), v = second[i] / (1 - Math.Pow(o.Beta2, step));
                values[i] -= rate * (m / (Math.Sqrt(v) + o.Epsilon) + o.WeightDecay * values[i]);
                average[i] = decay * average[i] + (1 - decay) * values[i];
            }

            using IDisposable noGrad = no_grad();
            weights[0].copy_(tensor(values[..15].Select(x => (float)x).ToArray(), [3, 5]));
            weights[1].copy_(tensor(values[15..].Select(x => (float)x).ToArray(), [3]));
        }

        Assert.All(average.Zip(objective.Weights), p => Assert.Equal(p.First, p.Second, 1e-5));
    }

    [Fact]
    public void Mixed_precision_follows_float32_and_keeps_float32_weights()
    {
        using var exact = new TinyObjective();
        using var mixed = new TinyObjective();
        using var resumed = new TinyObjective();
        TrainingOptions options = s_options with { Precision = TrainingPrecision.BFloat16 };
        Assert.True(new Trainer(s_options).Run(exact, _folder["exact"]));
        Assert.True(new Trainer(options).Run(mixed, _folder["mixed"]));

        // bfloat16 keeps eight bits: every gradient is right to about half a percent.
        Assert.All(exact.Weights.Zip(mixed.Weights), p => Assert.Equal(p.First, p.Second, 0.02));
        Assert.NotEqual(exact.Weights, mixed.Weights);
        Assert.Contains(mixed.Weights, w => (BitConverter.SingleToUInt32Bits(w) & 0xFFFF) != 0);

        using var stop = new CancellationTokenSource();
        Assert.False(new Trainer(options).Run(
            resumed,
            _folder["resumed"],
            new Report(p => { if (p.Step == 7) stop.Cancel(); }),
            stop.Token));
        Assert.True(new Trainer(options).Run(resumed, _folder["resumed"]));
        Assert.Equal(mixed.Weights, resumed.Weights);
    }

    [Fact]
    public void A_cancelled_run_goes_on_to_the_weights_of_one_that_was_not()
    {
        using var whole = new TinyObjective();
        new Trainer(s_options).Run(whole, _folder["whole"]);

        float[] resumed = [];
        for (int part = 0; resumed.Length == 0; part++)
        {
            using var objective = new TinyObjective();
            using var cancellation = new CancellationTokenSource();
            int done = 0;
            bool finished = new Trainer(s_options).Run(
                objective,
                _folder["parts"],
                new Report(_ => { if (++done == 4) cancellation.Cancel(); }),
                cancellation.Token);
            Assert.Equal(part == 2, finished);
            if (finished) resumed = objective.Weights;
        }

        Assert.Equal(whole.Weights, resumed);
    }

    [Fact]
    public void A_damaged_checkpoint_is_passed_over_for_the_one_before()
    {
        using var whole = new TinyObjective();
        new Trainer(s_options).Run(whole, _folder["whole"]);
        string newest = Directory.GetFiles(_folder["whole"]).Order(StringComparer.Ordinal).Last();
        File.WriteAllBytes(newest, File.ReadAllBytes(newest)[..^7]);

        using var again = new TinyObjective();
        Assert.True(new Trainer(s_options).Run(again, _folder["whole"]));
        Assert.Equal(whole.Weights, again.Weights);
    }

    [Fact]
    public void Only_the_newest_checkpoints_are_kept_and_no_partial_file()
    {
        Directory.CreateDirectory(_folder["run"]);
        File.WriteAllText(
            Path.Combine(_folder["run"], $"checkpoint-000000004.safetensors.{new string('0', 32)}.tmp"),
            "killed while it was written");
        using var objective = new TinyObjective();
        new Trainer(s_options).Run(objective, _folder["run"]);
        Assert.Equal(
            ["checkpoint-000000010.safetensors", "checkpoint-000000012.safetensors"],
            Directory.GetFiles(_folder["run"], "checkpoint-*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_checkpoint_of_another_run_is_refused()
    {
        using var objective = new TinyObjective();
        new Trainer(s_options).Run(objective, _folder["run"]);
        using var other = new TinyObjective();
        var e = Assert.Throws<CheckpointException>(() => new Trainer(s_options with { Seed = 4 }).Run(other, _folder["run"]));
        Assert.Contains("another seed", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<CheckpointException>(() => new Trainer(s_options with { GradientAccumulation = 2 }).Run(other, _folder["run"]));
        Assert.Contains("number of batches", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_is_not_finite_stops_the_run()
    {
        using var objective = new TinyObjective(step => step == 7 ? double.NaN : 1);
        var e = Assert.Throws<TrainingDivergedException>(() => new Trainer(s_options).Run(objective, _folder["run"]));
        Assert.Contains("At step 7", e.Message, StringComparison.Ordinal);
        Assert.Contains("of step 5", e.Message, StringComparison.Ordinal);
        Assert.Contains("It saw batch 7.", e.Message, StringComparison.Ordinal);
        Assert.Equal((7, Path.Combine(_folder["run"], "checkpoint-000000005.safetensors")), (e.Step, e.Checkpoint));
        Assert.Equal(["batch 7"], e.Items);
        Assert.Single(Directory.GetFiles(_folder["run"], "checkpoint-*"));
    }

    [Fact]
    public void Nothing_to_train_is_refused()
    {
        using var objective = new TinyObjective();
        foreach (TorchSharp.Modules.Parameter parameter in objective.Modules["line"].parameters()) parameter.requires_grad = false;
        Assert.Throws<ArgumentException>(() => new Trainer(s_options).Run(objective, _folder["run"]));
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        Assert.Contains(
            "Steps",
            Assert.Throws<ValidationException>(() => new Trainer(s_options with { Steps = 0 })).Message,
            StringComparison.Ordinal);
        Assert.Contains("LearningRate", Assert.Throws<ValidationException>(
            () => new Trainer(s_options with { Optimizer = new OptimizerOptions { LearningRate = 0 } })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_learning_rate_restarts_at_its_peak()
    {
        var options = new OptimizerOptions
        {
            LearningRate = 2,
            WarmupSteps = 0,
            Decay = LearningRateDecay.CosineWithRestarts,
            FinalLearningRate = 0,
            Cycles = 4
        };
        for (int cycle = 0; cycle < 4; cycle++)
        {
            Assert.Equal(2, options.LearningRateAt(25 * cycle, 100), 12);
            Assert.Equal(1 + Math.Cos(Math.PI * 0.2), options.LearningRateAt(25 * cycle + 5, 100), 12);
            Assert.Equal(1 + Math.Cos(Math.PI * 0.96), options.LearningRateAt(25 * cycle + 24, 100), 12);
        }
    }

    [Fact]
    public void The_learning_rate_stays_and_then_falls_as_a_root()
    {
        var options = new OptimizerOptions
        {
            LearningRate = 2,
            WarmupSteps = 0,
            Decay = LearningRateDecay.StableThenDecay,
            DecayFraction = 0.4,
            FinalLearningRate = 0
        };
        Assert.Equal(2, options.LearningRateAt(60, 100), 12);
        Assert.Equal(1, options.LearningRateAt(70, 100), 12);
        Assert.Equal(2 * (1 - Math.Sqrt(0.9)), options.LearningRateAt(96, 100), 12);
    }

    [Theory]
    [InlineData(TrainingPrecision.Float32, 1e-6)]
    [InlineData(TrainingPrecision.BFloat16, 0.02)]
    public void Accumulated_batches_train_as_one_large_batch(TrainingPrecision precision, double tolerance)
    {
        using var small = new TinyObjective();
        using var large = new JoinedObjective(3, 4);
        TrainingOptions options = s_options with { Steps = 4, CheckpointEvery = 4, Precision = precision, GradientAccumulation = 3 };
        var seen = new List<double>();
        Assert.True(new Trainer(options).Run(small, _folder["small"], new Report(p => seen.Add(p.Loss))));
        var expected = new List<double>();
        Assert.True(new Trainer(options with { GradientAccumulation = 1, Precision = TrainingPrecision.Float32 })
            .Run(large, _folder["large"], new Report(p => expected.Add(p.Loss))));
        Assert.All(expected.Zip(seen), p => Assert.Equal(p.First, p.Second, tolerance));
        Assert.All(large.Inner.Weights.Zip(small.Weights), p => Assert.Equal(p.First, p.Second, tolerance));
    }

    [Fact]
    public void Without_a_warm_up_the_average_keeps_its_decay()
    {
        using var objective = new TinyObjective();
        float[] start = objective.Weights;
        new Trainer(s_options with { Steps = 1, EmaWarmup = false, EmaDecay = 0.75 }).Run(objective, _folder["run"]);
        using var plain = new TinyObjective();
        new Trainer(s_options with { Steps = 1, EmaWarmup = false, EmaDecay = 0 }).Run(plain, _folder["plain"]);
        for (int i = 0; i < start.Length; i++) Assert.Equal(0.75 * start[i] + 0.25 * plain.Weights[i], objective.Weights[i], 1e-6);
    }

    [Fact]
    public void Components_have_learning_rates_and_norms_of_their_own()
    {
        // Two networks side by side train as each by itself, at its own rate and bound.
        using var pair = new PairObjective();
        OptimizerOptions optimizer = s_options.Optimizer with
        {
            ClipByComponent = true,
            ComponentRates = new Dictionary<string, double> { ["second"] = 0.25 }
        };
        Assert.True(new Trainer(s_options with { Optimizer = optimizer }).Run(pair, _folder["pair"]));
        using var alone = new TinyObjective();
        Assert.True(new Trainer(s_options).Run(alone, _folder["alone"]));
        using var slow = new TinyObjective();
        Assert.True(new Trainer(s_options with { Optimizer = s_options.Optimizer with { LearningRate = 0.0125 } })
            .Run(slow, _folder["slow"]));
        Assert.All(alone.Weights.Zip(pair.First.Weights), p => Assert.Equal(p.First, p.Second, 1e-6));
        Assert.All(slow.Weights.Zip(pair.Second.Weights), p => Assert.Equal(p.First, p.Second, 1e-6));
        Assert.NotEqual(pair.First.Weights, pair.Second.Weights);

        var e = Assert.Throws<ArgumentException>(() => new Trainer(s_options with { Optimizer = optimizer }).Run(alone, _folder["other"]));
        Assert.Contains("second", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_has_one_run_at_a_time()
    {
        using var first = new TinyObjective();
        using var second = new TinyObjective();
        Exception? refused = null;
        bool partial = false;
        new Trainer(s_options).Run(first, _folder["run"], new Report(p =>
        {
            if (p.Step != 7) return;
            string beside = Path.Combine(_folder["run"], $"checkpoint-000000099.safetensors.{new string('0', 32)}.tmp");
            File.WriteAllText(beside, "being written");
            refused = Record.Exception(() => new Trainer(s_options).Run(second, _folder["run"]));
            partial = File.Exists(beside);
        }));
        var e = Assert.IsType<TrainingFolderInUseException>(refused);
        Assert.Equal(_folder["run"], e.Folder);
        Assert.True(partial, "the second run removed a file that the first was writing");
        Assert.True(new Trainer(s_options).Run(second, _folder["run"]));
        Assert.Equal(first.Weights, second.Weights);
    }

    [Fact]
    public void Metrics_of_an_objective_are_averaged_over_the_batches()
    {
        using var objective = new TinyObjective();
        var metrics = new List<double>();
        new Trainer(s_options with { Steps = 2, GradientAccumulation = 3 }).Run(
            objective,
            _folder["run"],
            new Report(p => metrics.Add(p.Metrics["index"])));
        Assert.Equal([1, 4], metrics);
    }

    [Theory]
    [InlineData(LearningRateDecay.Constant, 1, 1)]
    [InlineData(LearningRateDecay.Linear, 0.55, 0.1)]
    [InlineData(LearningRateDecay.Cosine, 0.55, 0.1)]
    [InlineData(LearningRateDecay.Polynomial, 0.325, 0.1)]
    [InlineData(LearningRateDecay.CosineWithRestarts, 1, 0.1)]
    [InlineData(LearningRateDecay.StableThenDecay, 1, 0.1)]
    public void The_learning_rate_warms_up_and_decays(LearningRateDecay decay, double half, double end)
    {
        var options = new OptimizerOptions { LearningRate = 2, WarmupSteps = 10, Decay = decay, FinalLearningRate = 0.1 };
        Assert.Equal(0.2, options.LearningRateAt(0, 110), 12);
        Assert.Equal(2, options.LearningRateAt(9, 110), 12);
        Assert.Equal(2, options.LearningRateAt(10, 110), 12);
        Assert.Equal(2 * half, options.LearningRateAt(60, 110), 12);
        Assert.Equal(2 * end, options.LearningRateAt(110, 110), 12);
    }

    /// <summary>The batches of several steps of another objective as one.</summary>
    private sealed class JoinedObjective(int batches, ulong steps) : ITrainingObjective, IDisposable
    {
        public TinyObjective Inner { get; } = new();

        public IReadOnlyDictionary<string, nn.Module> Modules => Inner.Modules;

        public Tensor Loss(TrainingStep step)
        {
            Assert.InRange(step.Index, 0, (long)steps - 1);
            return stack([.. Enumerable.Range(0, batches).Select(i =>
            {
                long index = step.Index * batches + i;
                return Inner.Loss(new TrainingStep(index, new Generator(SeedSequence.ForStep(3, index))));
            })]).mean();
        }

        public void Dispose() => Inner.Dispose();
    }

    private sealed class PairObjective : ITrainingObjective, IDisposable
    {
        public TinyObjective First { get; } = new();

        public TinyObjective Second { get; } = new();

        public IReadOnlyDictionary<string, nn.Module> Modules => new Dictionary<string, nn.Module>
        {
            ["first"] = First.Modules["line"],
            ["second"] = Second.Modules["line"]
        };

        public Tensor Loss(TrainingStep step) =>
            First.Loss(step) + Second.Loss(new TrainingStep(step.Index, new Generator(SeedSequence.ForStep(3, step.Index))));

        public void Dispose()
        {
            First.Dispose();
            Second.Dispose();
        }
    }

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
