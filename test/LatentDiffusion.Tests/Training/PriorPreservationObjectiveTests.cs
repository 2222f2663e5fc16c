using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>The losses of a subject and of its class as one.</summary>
public sealed class PriorPreservationObjectiveTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();
    private readonly TinyObjective _line = new();

    public void Dispose()
    {
        _line.Dispose();
        _folder.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void The_loss_is_the_weighted_sum_and_both_parts_are_reported()
    {
        var objective = new PriorPreservationObjective(new Part(_line, 2), new Part(_line, 10), weight: 0.25);
        var step = new TrainingStep(4, new Generator(7));
        double loss = objective.Loss(step).item<float>();
        // Both draw from the step's generator, one after the other.
        var random = new Generator(7);
        double subject = _line.Loss(new TrainingStep(4, random)).item<float>() * 2;
        double prior = _line.Loss(new TrainingStep(4, random)).item<float>() * 10;
        Assert.Equal(subject + 0.25 * prior, loss, 1e-5);
        Assert.Equal(subject, step.Metrics["subject"], 1e-5);
        Assert.Equal(prior, step.Metrics["prior"], 1e-5);
        Assert.Equal(["subject.kind", "prior.kind"], objective.Identity.Keys);
    }

    [Fact]
    public void Items_of_both_parts_are_left_out()
    {
        using var tiny = new TinyDenoiser(images: 3);
        var options = new DenoiserTrainingOptions { BatchSize = 2 };
        var schedule = NoiseSchedule.ScaledLinear();
        using DenoiserObjective subject = tiny.Objective(options, schedule), prior = tiny.Objective(options, schedule);
        ITrainingObjective joined = new PriorPreservationObjective(subject, new Broken(prior));
        var trainer = new Trainer(new TrainingOptions
        {
            Steps = 3, LeaveOutNonFinite = true, Optimizer = new OptimizerOptions { LearningRate = 1e-3, WarmupSteps = 0 },
        });
        Assert.True(trainer.Run(joined, _folder["run"]));
        string record = File.ReadAllText(Path.Combine(_folder["run"], "left-out.json"));
        // Row 1 of the class images only: its number is 2·1 + 1.
        Assert.Contains("\"item\": 3", record, StringComparison.Ordinal);
        Assert.Single(System.Text.Json.JsonDocument.Parse(record).RootElement.EnumerateArray());
    }

    [Fact]
    public void What_does_not_fit_is_refused_by_name()
    {
        using var other = new TinyObjective();
        Assert.Contains("different networks", Assert.Throws<ArgumentException>(
            () => new PriorPreservationObjective(_line, other)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new PriorPreservationObjective(_line, _line, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PriorPreservationObjective(_line, _line, double.NaN));
    }

    private sealed class Part(ITrainingObjective inner, double factor) : ITrainingObjective
    {
        public IReadOnlyDictionary<string, nn.Module> Modules => inner.Modules;

        public IReadOnlyDictionary<string, string> Identity => new Dictionary<string, string> { ["kind"] = "line" };

        public Tensor Loss(TrainingStep step) => inner.Loss(step) * factor;
    }

    /// <summary>Not a number wherever a batch has row 1.</summary>
    private sealed class Broken(ITrainingObjective inner) : ITrainingObjective
    {
        public IReadOnlyDictionary<string, nn.Module> Modules => inner.Modules;

        IItemBatches? ITrainingObjective.ItemBatches => inner.ItemBatches;

        public Tensor Loss(TrainingStep step) =>
            inner.ItemBatches!.Numbers(step.Index, step.Selection).Contains(1) ? inner.Loss(step) * double.NaN : inner.Loss(step);
    }
}
