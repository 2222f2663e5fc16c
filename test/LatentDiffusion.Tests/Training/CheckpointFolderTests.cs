using LatentDiffusion.Tests.Diagnostics;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LatentDiffusion.Tests.Training;

/// <summary>Which files of a run's folder are its checkpoints, and the log of a run whose plan has changed.</summary>
public sealed class CheckpointFolderTests : IDisposable
{
    private static readonly TrainingOptions s_options = new()
    {
        Steps = 20, CheckpointEvery = 5, Seed = 3, CheckpointsKept = 2,
        Optimizer = new OptimizerOptions { LearningRate = 0.05, WarmupSteps = 3 },
    };

    private readonly TemporaryFolder _folder = new();
    private readonly LogRecorder _log = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void User_copies_are_neither_resumed_nor_deleted()
    {
        Run(s_options, stopAfter: 10);
        string[] copies =
        [
            "checkpoint-best.safetensors",
            "checkpoint-000000010 (copy).safetensors",
            "checkpoint-.safetensors",
            "checkpoint-+99.safetensors",
            "checkpoint-99.old.safetensors"
        ];
        foreach (string copy in copies) File.Copy(Named("checkpoint-000000005.safetensors"), Named(copy));
        byte[] before = File.ReadAllBytes(Named(copies[0]));

        Assert.Equal(11, Run(s_options));
        Assert.Equal(
            ((string[])["checkpoint-000000015.safetensors", "checkpoint-000000020.safetensors", .. copies]).Order(StringComparer.Ordinal),
            Checkpoints());
        Assert.All(copies, copy => Assert.Equal(before, File.ReadAllBytes(Named(copy))));
    }

    [Fact]
    public void The_checkpoint_just_written_outlives_one_of_a_larger_number()
    {
        TrainingOptions options = s_options with { CheckpointsKept = 1 };
        Run(options, stopAfter: 10);
        File.Move(Named("checkpoint-000000010.safetensors"), Named("checkpoint-77.safetensors"));
        Assert.Equal(11, Run(options, stopAfter: 12));
        Assert.Equal(["checkpoint-000000012.safetensors", "checkpoint-77.safetensors"], Checkpoints());
    }

    [Fact]
    public void Checkpoints_are_ordered_by_their_numbers()
    {
        Run(s_options, stopAfter: 10);
        File.Move(Named("checkpoint-000000005.safetensors"), Named("checkpoint-5.safetensors"));
        Assert.Equal(11, Run(s_options));
    }

    [Fact]
    public void A_learning_rate_that_jumps_is_warned_of_with_both_values()
    {
        Run(s_options);
        Assert.Equal(21, Run(s_options with { Steps = 40 }, stopAfter: 21));
        Assert.Contains(
            $"jumps from {0.05 * 0.02} to {s_options.Optimizer.LearningRateAt(20, 40)} at step 20: " +
                "the run was planned for 20 steps, and now for 40",
            Warning(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_steps_than_are_done_are_warned_of()
    {
        Run(s_options);
        Assert.Equal(0, Run(s_options with { Steps = 12 }));
        Assert.Contains("has done 20 steps, and Steps is 12", Warning(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_keeps_its_plan_is_not_warned_of()
    {
        Run(s_options, stopAfter: 10);
        Run(s_options);
        Run(s_options);
        Assert.DoesNotContain(_log.Lines, l => l.Level == LogLevel.Warning);
    }

    /// <summary>The first step that was made; 0 for none.</summary>
    private long Run(TrainingOptions options, int? stopAfter = null)
    {
        using var objective = new TinyObjective();
        using var stop = new CancellationTokenSource();
        long first = 0;
        new Trainer(options, _log.CreateLogger<Trainer>()).Run(objective, _folder["run"], new Report(p =>
        {
            if (first == 0) first = p.Step;
            if (p.Step == stopAfter) stop.Cancel();
        }), stop.Token);
        return first;
    }

    private string Warning() => Assert.Single(_log.Lines, l => l.Level == LogLevel.Warning).Text;

    private string Named(string name) => Path.Combine(_folder["run"], name);

    private string[] Checkpoints() =>
    [
        .. Directory.GetFiles(_folder["run"], "checkpoint-*")
            .Select(f => Path.GetFileName(f))
            .Order(StringComparer.Ordinal)
    ];

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
