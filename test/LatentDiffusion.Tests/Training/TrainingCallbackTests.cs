using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

public sealed class TrainingCallbackTests : IDisposable
{
    private static readonly TrainingOptions s_options = new()
    {
        Steps = 12, CheckpointEvery = 5, Seed = 3, EmaDecay = 0.9,
        Optimizer = new OptimizerOptions { LearningRate = 0.05, WarmupSteps = 3 },
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TrainingPrecision.Float32)]
    [InlineData(TrainingPrecision.BFloat16)]
    public void Checks_see_the_averaged_weights_and_change_nothing(TrainingPrecision precision)
    {
        TrainingOptions options = s_options with { Precision = precision };
        using var plain = new TinyObjective();
        Assert.True(new Trainer(options).Run(plain, _folder["plain"]));

        using var looked = new TinyObjective();
        var seen = new List<(long Step, float[] Weights)>();
        var check = new TrainingCallback(4, step =>
        {
            nn.Module module = looked.Modules["line"];
            Assert.False(module.training);
            Assert.False(is_grad_enabled());
            seen.Add((step, [.. module.parameters().SelectMany(p => p.to(ScalarType.Float32).data<float>().ToArray())]));
        });
        using var cancellation = new CancellationTokenSource();
        Assert.False(new Trainer(options) { Check = check }.Run(
            looked,
            _folder["looked"],
            new Report(p => { if (p.Step == 7) cancellation.Cancel(); }),
            cancellation.Token));
        Assert.True(new Trainer(options) { Check = check }.Run(looked, _folder["looked"]));

        Assert.Equal(plain.Weights, looked.Weights);
        Assert.Equal([4L, 8, 12], seen.Select(s => s.Step));
        // The run ends with the averaged weights, so its last check saw those.
        double tolerance = precision == TrainingPrecision.Float32 ? 0 : 0.005;
        Assert.All(plain.Weights.Zip(seen[^1].Weights), p => Assert.Equal(p.First, p.Second, tolerance * Math.Abs(p.First)));
    }

    [Fact]
    public void A_check_that_throws_leaves_the_networks_as_they_were_trained()
    {
        using var whole = new TinyObjective();
        new Trainer(s_options).Run(whole, _folder["whole"]);
        using var objective = new TinyObjective();
        Assert.Throws<InvalidOperationException>(() =>
            new Trainer(s_options) { Check = new TrainingCallback(10, _ => throw new InvalidOperationException("no disk")) }
                .Run(objective, _folder["run"]));
        Assert.True(objective.Modules["line"].training);
        // Step 10 was checked before its checkpoint was written; the run resumes from step 5.
        Assert.Equal(
            ["checkpoint-000000005.safetensors"],
            Directory.GetFiles(_folder["run"]).Select(Path.GetFileName).Where(f => f!.StartsWith("checkpoint", StringComparison.Ordinal)));
        Assert.True(new Trainer(s_options).Run(objective, _folder["run"]));
        Assert.Equal(whole.Weights, objective.Weights);
    }

    [Fact]
    public void Steps_between_checks_are_at_least_one() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrainingCallback(0, _ => { }));

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
