using LatentDiffusion.Tests.Diagnostics;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LatentDiffusion.Tests.Training;

/// <summary>Items whose loss is not finite: they end the run, or are left out of the rest of it.</summary>
public sealed class NonFiniteItemTests : IDisposable
{
    private static readonly TrainingOptions s_options = new()
    {
        Steps = 9, CheckpointEvery = 2, Seed = 3, LeaveOutNonFinite = true,
        Optimizer = new OptimizerOptions { LearningRate = 1e-3, WarmupSteps = 0 },
    };

    private readonly TemporaryFolder _folder = new();
    private readonly LogRecorder _log = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(2, 2)]
    public void It_is_left_out_and_a_resumed_run_ends_with_the_same_weights(int batchSize, int accumulation)
    {
        TrainingOptions options = s_options with { GradientAccumulation = accumulation };
        float[] whole = Run("whole", options, batchSize, [2, 4])!;
        Assert.All(whole, w => Assert.True(float.IsFinite(w)));
        string record = File.ReadAllText(Path.Combine(_folder["whole"], "left-out.json"));
        Assert.Contains("\"name\": \"row 2\"", record, StringComparison.Ordinal);
        Assert.Contains("\"name\": \"row 4\"", record, StringComparison.Ordinal);
        Assert.DoesNotContain("row 3", record, StringComparison.Ordinal);
        Assert.Equal(
            2,
            _log.Lines.Count(
                l => l.Level == LogLevel.Warning && l.Text.Contains("left out for the rest of the run", StringComparison.Ordinal)));

        for (int part = 0; part < 3; part++) Assert.Null(Run("parts", options, batchSize, [2, 4], stopAfter: 3 * part + 1 + part % 2));
        Assert.Equal(whole, Run("parts", options, batchSize, [2, 4]));
        Assert.Equal(record, File.ReadAllText(Path.Combine(_folder["parts"], "left-out.json")));
    }

    [Fact]
    public void Without_the_option_it_ends_the_run()
    {
        var e = Assert.Throws<TrainingDivergedException>(() => Run("run", s_options with { LeaveOutNonFinite = false }, 3, [2]));
        Assert.Contains("row 2", e.Items);
        Assert.Contains("LeaveOutNonFinite", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Networks_that_diverged_are_not_blamed_on_items()
    {
        Assert.Throws<TrainingDivergedException>(() => Run("run", s_options, 2, [0, 1, 2, 3, 4, 5]));
        Assert.False(File.Exists(Path.Combine(_folder["run"], "left-out.json")));
    }

    [Fact]
    public void Joined_objectives_leave_out_their_own_items()
    {
        using var tiny = new TinyDenoiser();
        using DenoiserObjective good = Objective(tiny, 2, []), bad = Objective(tiny, 2, [5]);
        Assert.True(new Trainer(s_options).Run(new InterleavedObjective((good, 3), (bad, 3)), _folder["run"]));
        Assert.Contains("\"item\": 11", File.ReadAllText(Path.Combine(_folder["run"], "left-out.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void An_objective_without_numbers_is_refused()
    {
        using var objective = new TinyObjective();
        Assert.Contains(
            "LeaveOutNonFinite",
            Assert.Throws<ArgumentException>(() => new Trainer(s_options).Run(objective, _folder["run"])).Message,
            StringComparison.Ordinal);
    }

    /// <summary>The final weights; null where it was stopped.</summary>
    private float[]? Run(string folder, TrainingOptions options, int batchSize, long[] bad, int? stopAfter = null)
    {
        using var tiny = new TinyDenoiser();
        using DenoiserObjective objective = Objective(tiny, batchSize, bad);
        using var stop = new CancellationTokenSource();
        bool done = new Trainer(options, _log.CreateLogger<Trainer>()).Run(objective, _folder[folder], new Report(step =>
        {
            if (step == stopAfter) stop.Cancel();
        }), stop.Token);
        return done ? [.. tiny.Network.parameters().SelectMany(p => p.detach().flatten().data<float>())] : null;
    }

    private static DenoiserObjective Objective(TinyDenoiser tiny, int batchSize, long[] bad) => new(
        new UNetDenoiser(tiny.Network), new PartlyNaN(bad), tiny.Data, LatentScaling.None, NoiseSchedule.ScaledLinear(),
        new DenoiserTrainingOptions { BatchSize = batchSize, TrainTextEncoder = false })
    {
        RowName = row => $"row {row}",
    };

    private sealed class Report(Action<long> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value.Step);
    }
}
