using LatentDiffusion.Tests.Diagnostics;
using Microsoft.Extensions.Logging;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training.Distributed;

/// <summary>Ranks that divide the batches of a step train bit for bit as one process that accumulates them.</summary>
public sealed class DistributedTrainingTests : IDisposable
{
    private static readonly TrainingOptions s_options = new()
    {
        Steps = 6, CheckpointEvery = 3, Seed = 5, GradientAccumulation = 4, EmaDecay = 0.9, CheckpointsKept = 10,
        Optimizer = new OptimizerOptions { WarmupSteps = 2, LearningRate = 1e-2, GradientClip = 0.5, WeightDecay = 0.1 },
    };

    private readonly TemporaryFolder _folder = new();
    private readonly LogRecorder _log = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2, TrainingPrecision.Float32, OptimizerAlgorithm.AdamW)]
    [InlineData(4, TrainingPrecision.Float32, OptimizerAlgorithm.AdamW)]
    // Four batches over three ranks: two wait in the second round.
    [InlineData(3, TrainingPrecision.BFloat16, OptimizerAlgorithm.AdamW)]
    [InlineData(2, TrainingPrecision.Float16, OptimizerAlgorithm.AdamW)]
    [InlineData(2, TrainingPrecision.Float32, OptimizerAlgorithm.AdamW8Bit)]
    [InlineData(2, TrainingPrecision.Float32, OptimizerAlgorithm.Adafactor)]
    public void A_network_with_dropout_ends_as_in_one_process(int ranks, TrainingPrecision precision, OptimizerAlgorithm algorithm)
    {
        TrainingOptions options = s_options with
        {
            Precision = precision, Optimizer = s_options.Optimizer with { Algorithm = algorithm },
        };
        string[] whole = Train("whole", null), losses = whole[1..];
        (string[]? Value, Exception? Failure)[] shared = ThreadGroup.Run(ranks, group => Train("shared", group));
        Assert.All(shared, s => Assert.Null(s.Failure));
        Assert.All(shared, s => Assert.Equal(whole, s.Value));
        Assert.Equal(6, losses.Distinct().Count());
        foreach (int step in new[] { 3, 6 }) AssertSameState(step);
        if (options.Precision != TrainingPrecision.Float16 && algorithm == OptimizerAlgorithm.AdamW) return;
        // Ranks that resume receive the state of the first, which only it has read.
        foreach (string run in new[] { "whole", "shared" }) File.Delete(Checkpoint($"{run}-0", 6));
        string[] rest = Train("whole", null);
        Assert.Equal([whole[0], .. losses[3..]], rest);
        Assert.All(ThreadGroup.Run(ranks, group => Train("shared", group)), s => Assert.Equal(rest, s.Value));
        AssertSameState(6);
        // Only rank 0 writes.
        Assert.Equal(["shared-0", "whole-0"], Directory.GetDirectories(_folder["."]).Select(Path.GetFileName).Order());

        string[] Train(string run, IGradientReducer? group)
        {
            using var tiny = new TinyDenoiser(dropout: 0.3);
            using DenoiserObjective objective = tiny.Objective(new DenoiserTrainingOptions { BatchSize = 2 }, NoiseSchedule.ScaledLinear());
            List<string> losses = [];
            var trainer = new Trainer(options) { Reducer = group };
            trainer.Run(objective, _folder[$"{run}-{group?.Rank ?? 0}"], new Report(p => losses.Add($"{p.Loss:R} {p.GradientNorm:R}")));
            return [Bits(tiny.Network.parameters()), .. losses];
        }
    }

    [Fact]
    public void Adapters_end_as_in_one_process()
    {
        string whole = Train("whole", null);
        (string? Value, Exception? Failure)[] shared = ThreadGroup.Run(2, group => Train("shared", group));
        Assert.All(shared, s => Assert.Equal((whole, null), s));
        AssertSameState(6);

        string Train(string run, IGradientReducer? group)
        {
            using var tiny = new TinyDenoiser(dropout: 0.3);
            using DenoiserObjective objective = tiny.Objective(
                new DenoiserTrainingOptions { BatchSize = 1, TrainTextEncoder = false }, NoiseSchedule.ScaledLinear());
            using var lora = new LoraTraining(objective.Modules);
            new Trainer(s_options) { Reducer = group }.Run(lora.Objective(objective), _folder[$"{run}-{group?.Rank ?? 0}"]);
            return Bits(lora.Modules.Values.SelectMany(m => m.parameters()));
        }
    }

    [Fact]
    public void A_run_is_stopped_by_any_rank_and_resumed_by_another_number_of_them()
    {
        float[]? whole = Line("whole", null);
        for (int ranks = 4; ranks >= 2; ranks -= 2)
        {
            using var stop = new CancellationTokenSource();
            int last = ranks - 1, steps = 0;
            (float[]? Value, Exception? Failure)[] parts = ThreadGroup.Run(ranks, group => Line(
                "shared", group, group.Rank == last ? new Report(_ => { if (++steps == 2) stop.Cancel(); }) : null,
                group.Rank == last ? stop.Token : default));
            Assert.All(parts, p => Assert.Equal((null, null), p));
        }

        Assert.Equal(whole, Line("shared", null));
        Assert.Equal([2L, 4L, 6L], Steps("shared-0").Except([3L]));
        Assert.Contains(_log.Lines, l => l.Text.Contains("had 4 processes and resumes with 2: ", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, l => l.Text.Contains("had 2 processes and resumes with 1: ", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, l => l.Level == LogLevel.Warning);
    }

    [Fact]
    public void A_rank_that_fails_ends_all_with_its_message()
    {
        (float[]? Value, Exception? Failure)[] results = ThreadGroup.Run(
            4, group => Line("run", group, fails: group.Rank == 2 ? 10 : null));
        Assert.IsType<InvalidDataException>(results[2].Failure);
        foreach (int rank in new[] { 0, 1, 3 })
        {
            var e = Assert.IsType<ProcessGroupException>(results[rank].Failure);
            Assert.Equal("Process 2 failed: InvalidDataException: batch 10 cannot be read", e.Message);
            Assert.Equal(2, e.Rank);
        }

        Assert.Empty(Steps("run-0"));
        Assert.Equal(Line("whole", null), ThreadGroup.Run(2, group => Line("run", group))[0].Value);
    }

    [Fact]
    public void A_callback_that_fails_ends_all()
    {
        (float[]? Value, Exception? Failure)[] results = ThreadGroup.Run(2, group => Line(
            "run", group, group.Rank == 0 ? new Report(p => { if (p.Step == 2) throw new IOException("disk full"); }) : null));
        Assert.IsType<IOException>(results[0].Failure);
        Assert.Equal("Process 0 failed: IOException: disk full", Assert.IsType<ProcessGroupException>(results[1].Failure).Message);
    }

    [Fact]
    public void A_folder_in_use_ends_all()
    {
        using var held = new TrainingFolderLock(_folder["run-0"]);
        (float[]? Value, Exception? Failure)[] results = ThreadGroup.Run(2, group => Line("run", group));
        Assert.IsType<TrainingFolderInUseException>(results[0].Failure);
        Assert.IsType<ProcessGroupException>(results[1].Failure);
    }

    [Fact]
    public void Too_few_batches_and_other_options_are_refused()
    {
        var few = Assert.IsType<ArgumentException>(ThreadGroup.Run(5, group => Line("run", group))[4].Failure);
        Assert.Contains("GradientAccumulation is 4, and 5 processes train; expected at least 5", few.Message, StringComparison.Ordinal);
        (float[]? Value, Exception? Failure)[] others = ThreadGroup.Run(2, group => Line("run", group, options: s_options with
        {
            Optimizer = s_options.Optimizer with { LearningRate = group.Rank == 0 ? 0.01 : 0.02 },
        }));
        Assert.All(others, o => Assert.Contains("Process 1 has another Optimizer", o.Failure?.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Items_that_are_not_finite_are_left_out_as_in_one_process()
    {
        TrainingOptions options = s_options with { LeaveOutNonFinite = true };
        string whole = Train("whole", null);
        (string? Value, Exception? Failure)[] shared = ThreadGroup.Run(4, group => Train("shared", group));
        Assert.All(shared, s => Assert.Equal((whole, null), s));
        AssertSameState(6);
        Assert.Equal(
            File.ReadAllText(Path.Combine(_folder["whole-0"], "left-out.json")),
            File.ReadAllText(Path.Combine(_folder["shared-0"], "left-out.json")));

        string Train(string run, IGradientReducer? group)
        {
            using var tiny = new TinyDenoiser();
            using var objective = new DenoiserObjective(
                new UNetDenoiser(tiny.Network), new PartlyNaN([2, 4]), tiny.Data, LatentScaling.None, NoiseSchedule.ScaledLinear(),
                new DenoiserTrainingOptions { BatchSize = 2, TrainTextEncoder = false });
            new Trainer(options) { Reducer = group }.Run(objective, _folder[$"{run}-{group?.Rank ?? 0}"]);
            return Bits(tiny.Network.parameters());
        }
    }

    [Fact]
    public void Weights_that_have_come_to_differ_are_brought_together()
    {
        (float[]? Value, Exception? Failure)[] results = ThreadGroup.Run(2, group =>
        {
            using var objective = new TinyObjective();
            Tensor weight = objective.Modules["line"].parameters().First();
            var trainer = new Trainer(s_options, group.Rank == 0 ? _log.CreateLogger<Trainer>() : null) { Reducer = group };
            trainer.Run(objective, _folder[$"run-{group.Rank}"], new Report(p =>
            {
                using IDisposable noGradient = no_grad();
                if (p.Step == 2 && group.Rank == 1) weight.MultiplyInPlace(1.0001);
            }));
            return objective.Weights;
        });
        Assert.NotNull(results[0].Value);
        Assert.Equal(results[0].Value, results[1].Value);
        Assert.Contains(
            "At step 3 the weights of process 1 differ", Assert.Single(_log.Lines, l => l.Level == LogLevel.Warning).Text,
            StringComparison.Ordinal);
    }

    /// <summary>The final weights of a linear regression; null where it was stopped.</summary>
    private float[]? Line(
        string run, IGradientReducer? group, IProgress<TrainingProgress>? progress = null, CancellationToken stop = default,
        long? fails = null, TrainingOptions? options = null)
    {
        using var objective = new TinyObjective(
            index => index == fails ? throw new InvalidDataException($"batch {index} cannot be read") : 1);
        var trainer = new Trainer(options ?? s_options, _log.CreateLogger<Trainer>()) { Reducer = group };
        return trainer.Run(objective, _folder[$"{run}-{group?.Rank ?? 0}"], progress, stop) ? objective.Weights : null;
    }

    private IEnumerable<long> Steps(string run) => Directory.GetFiles(_folder[run], "checkpoint-*.safetensors")
        .Select(f => long.Parse(Path.GetFileNameWithoutExtension(f)["checkpoint-".Length..], null)).Order();

    private void AssertSameState(int step)
    {
        using SafetensorsFile one = Open("whole-0"), several = Open("shared-0");
        Assert.Equal(one.Names.Order(), several.Names.Order());
        Assert.ProperSuperset(new HashSet<string> { "average", "parameters" }, one.Names.ToHashSet());
        foreach (string name in one.Names)
        {
            using Tensor expected = one.Read(name), actual = several.Read(name);
            Assert.True(expected.bytes.SequenceEqual(actual.bytes), $"{name} differs after {step} steps");
        }

        SafetensorsFile Open(string run) => SafetensorsFile.Open(Checkpoint(run, step));
    }

    private string Checkpoint(string run, int step) => Path.Combine(_folder[run], $"checkpoint-{step:D9}.safetensors");

    private static string Bits(IEnumerable<Tensor> tensors)
    {
        var hash = new System.IO.Hashing.XxHash128();
        foreach (Tensor values in tensors)
        {
            using Tensor detached = values.detach();
            hash.Append(detached.bytes);
        }

        return Convert.ToHexString(hash.GetCurrentHash());
    }

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
