using LatentDiffusion.Tests.Diagnostics;
using Microsoft.Extensions.Logging;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>A run resumes from the newest complete checkpoint of the same run, and from no other.</summary>
public sealed class ResumeTests : IDisposable
{
    private static readonly TrainingOptions s_options = new()
    {
        Steps = 20, CheckpointEvery = 5, Seed = 3, EmaDecay = 0.9, CheckpointsKept = 1,
        Optimizer = new OptimizerOptions { LearningRate = 0.05, WarmupSteps = 3 },
    };

    private readonly TemporaryFolder _folder = new();
    private readonly LogRecorder _log = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_damaged_checkpoint_is_set_aside_and_outlives_no_good_one()
    {
        float[] whole = Run(s_options).Weights!;
        string damaged = Checkpoint(20);
        File.WriteAllBytes(damaged, File.ReadAllBytes(damaged)[..^7]);
        Assert.Null(Run(s_options, stopAfter: 7).Weights);
        Assert.Equal([Checkpoint(7), damaged + ".damaged"], Files());
        Assert.Contains(_log.Lines, e => e.Level == LogLevel.Warning && e.Text.Contains(damaged, StringComparison.Ordinal));

        (float[]? resumed, long first) = Run(s_options);
        Assert.Equal(8, first);
        Assert.Equal(whole, resumed);
        Assert.Equal([Checkpoint(20), damaged + ".damaged"], Files());
    }

    [Fact]
    public void A_run_without_an_average_keeps_none_and_may_begin_one()
    {
        // The bias comes after padding.
        const int Matrix = 15;
        float[] whole = Run(s_options with { EmaDecay = 0 }).Weights!;
        using (SafetensorsFile file = SafetensorsFile.Open(Checkpoint(20)))
        {
            Assert.DoesNotContain("average", file.Names);
            using Tensor last = file.Read("parameters");
            Assert.Equal(whole[..Matrix], last.data<float>().ToArray()[..Matrix]);
        }

        // From the weights of step 20 on, as a new run with them would.
        (float[]? resumed, long first) = Run(s_options with { Steps = 22, EmaWarmup = false });
        Assert.Equal(21, first);
        using SafetensorsFile begun = SafetensorsFile.Open(Checkpoint(22));
        using Tensor average = begun.Read("average"), weights = begun.Read("parameters");
        Assert.Equal(resumed![..Matrix], average.data<float>().ToArray()[..Matrix]);
        Assert.NotEqual(weights.data<float>().ToArray(), average.data<float>().ToArray());
    }

    [Fact]
    public void Whatever_byte_is_wrong_the_weights_are_those_of_a_whole_run()
    {
        TrainingOptions options = s_options with { CheckpointsKept = 2 };
        float[] whole = Run(options).Weights!;
        byte[] good = File.ReadAllBytes(Checkpoint(20));
        int passedOver = 0, flips = 0;
        for (int i = 0; i < good.Length; i += 23, flips++)
        {
            byte[] flipped = [.. good];
            flipped[i] ^= 1;
            File.WriteAllBytes(Checkpoint(20), flipped);
            (float[]? weights, long first) = Run(options);
            Assert.Equal(whole, weights);
            if (first == 16) passedOver++;
        }

        // All but a few in the checksum's own name, without which a file counts as one of an earlier version.
        Assert.InRange(flips - passedOver, 0, 2);
        Assert.InRange(passedOver, 30, int.MaxValue);
    }

    [Fact]
    public void A_checkpoint_of_an_earlier_version_is_gone_on_with()
    {
        float[] whole = Run(s_options).Weights!;
        Directory.Delete(_folder["run"], recursive: true);
        Run(s_options, stopAfter: 8);
        using (SafetensorsFile file = SafetensorsFile.Open(Checkpoint(8)))
        {
            SafetensorsWriter.Write(
                _folder["old"], file.Names.Select(n => (n, file.Read(n))).ToArray(),
                file.Metadata.Where(m => m.Key is "step" or "seed" or "layout").ToDictionary());
        }

        File.Move(_folder["old"], Checkpoint(8), overwrite: true);
        (float[]? resumed, long first) = Run(s_options);
        Assert.Equal(9, first);
        Assert.Equal(whole, resumed);
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(0, false)]
    public void A_changed_order_of_items_is_warned_of(ulong seed, bool warned)
    {
        using var tiny = new TinyDenoiser();
        using DenoiserObjective objective = tiny.Objective(
            new DenoiserTrainingOptions { BatchSize = 2, TrainTextEncoder = false },
            NoiseSchedule.ScaledLinear());
        Train(4);
        Train(6);
        Assert.DoesNotContain(_log.Lines, l => l.Level == LogLevel.Warning && l.Text.Contains("order of items", StringComparison.Ordinal));

        // As an earlier version wrote it, without its word on the order.
        using (SafetensorsFile file = SafetensorsFile.Open(Checkpoint(6)))
            SafetensorsWriter.Write(_folder["old"],
            file.Names.Select(n => (n, file.Read(n))).ToArray(),
            file.Metadata.Where(m => m.Key is not ("item_order" or CheckpointChecksum.Key)).ToDictionary());
        File.Move(_folder["old"], Checkpoint(6), overwrite: true);
        Train(8);
        Assert.Equal(
            warned,
            _log.Lines.Any(
                l => l.Level == LogLevel.Warning
                    && l.Text.Contains("order of items followed the seed (3): from step 6 on", StringComparison.Ordinal)));

        void Train(int steps) =>
            new Trainer(s_options with { Steps = steps, Seed = seed, Optimizer = new OptimizerOptions() }, _log.CreateLogger<Trainer>())
                .Run(objective, _folder["run"]);
    }

    [Fact]
    public void A_run_with_other_batches_or_items_names_both_values()
    {
        Denoiser(new DenoiserTrainingOptions { BatchSize = 2 });
        Assert.Contains(
            "another batch_size: 2, and now 3",
            Refused(new DenoiserTrainingOptions { BatchSize = 3 }),
            StringComparison.Ordinal);
        Assert.Contains(
            "another items: 6, and now 5",
            Refused(new DenoiserTrainingOptions { BatchSize = 2 }, images: 5),
            StringComparison.Ordinal);
        Assert.Contains(
            "another data: ",
            Assert.Throws<CheckpointException>(() => Denoiser(new DenoiserTrainingOptions { BatchSize = 2 }, key: "other")).Message,
            StringComparison.Ordinal);
        var e = Assert.Throws<CheckpointException>(() => Denoiser(new DenoiserTrainingOptions { BatchSize = 2 }, seed: 4));
        Assert.Contains("another seed: 3, and now 4", e.Message, StringComparison.Ordinal);

        // Settings that people change during a run stay free.
        Denoiser(
            new DenoiserTrainingOptions
            {
                BatchSize = 2, Timesteps = new LogitNormalTimesteps(), Weighting = new MinSnrWeighting(),
                CaptionDropout = 0
            },
            steps: 4);

        string Refused(DenoiserTrainingOptions options, int images = 6) =>
            Assert.Throws<CheckpointException>(() => Denoiser(options, images)).Message;

        void Denoiser(DenoiserTrainingOptions options, int images = 6, ulong seed = 3, long steps = 2, string key = "test")
        {
            using var tiny = new TinyDenoiser(images: images, key: key);
            using DenoiserObjective objective = tiny.Objective(options, NoiseSchedule.ScaledLinear());
            long first = 0;
            var report = new Report(p => first = first == 0 ? p.Step : first);
            Assert.True(new Trainer(
                s_options with
                {
                    Steps = steps, Seed = seed, CheckpointEvery = steps,
                    Optimizer = new OptimizerOptions { LearningRate = steps * 1e-3 }
                }).Run(objective, _folder["denoiser"], report));
            Assert.Equal(steps == 2 ? 1 : 3, first);
        }
    }

    [Fact]
    public void What_parts_say_of_themselves_the_whole_says()
    {
        using var tiny = new TinyDenoiser();
        using DenoiserObjective two = tiny.Objective(
            new DenoiserTrainingOptions { BatchSize = 2, TrainTextEncoder = false },
            NoiseSchedule.ScaledLinear());
        using DenoiserObjective three = tiny.Objective(
            new DenoiserTrainingOptions { BatchSize = 3, TrainTextEncoder = false },
            NoiseSchedule.ScaledLinear());
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["part_0.batches"] = "3", ["part_0.batch_size"] = "2",
                ["part_0.items"] = "6", ["part_0.data"] = tiny.Data.Key,
                ["part_1.batches"] = "2", ["part_1.batch_size"] = "3",
                ["part_1.items"] = "6", ["part_1.data"] = tiny.Data.Key,
            },
            new InterleavedObjective((two, 3), (three, 2)).Identity);
        using var lora = new LoraTraining(two.Modules);
        Assert.Equal(two.Identity, lora.Objective(two).Identity);
    }

    [Fact]
    public void Another_set_of_images_is_refused_before_anything_is_written()
    {
        using AutoencoderKL network = new AutoencoderKLConfig
        {
            BlockOutChannels = [4], NormNumGroups = 2,
            DownBlockTypes = ["DownEncoderBlock2D"],
            UpBlockTypes = ["UpDecoderBlock2D"]
        }.Build();
        Train(new TinyDenoiser.Stripes(6));
        string[] before = Directory.GetFiles(_folder["images"]);
        Assert.Contains("another data: ", Assert.Throws<CheckpointException>(() => Train(new Shifted())).Message, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(_folder["images"]));
        Train(new TinyDenoiser.Stripes(6));

        void Train(ICaptionedImageSource images) => new Trainer(s_options with { Steps = 1, EmaDecay = 0 })
            .Run(new AutoencoderObjective(network, images, new AutoencoderTrainingOptions { BatchSize = 2 }), _folder["images"]);
    }

    [Fact]
    public void A_set_smaller_than_a_batch_is_warned_of_with_numbers()
    {
        using var tiny = new TinyDenoiser();
        using DenoiserObjective objective = tiny.Objective(
            new DenoiserTrainingOptions { BatchSize = 16, TrainTextEncoder = false },
            NoiseSchedule.ScaledLinear());
        new Trainer(s_options with { Steps = 1 }, _log.CreateLogger<Trainer>()).Run(objective, _folder["run"]);
        Assert.Contains(
            "A batch of 16 is larger than the set of 6: each item is seen up to 3 times",
            Assert.Single(_log.Lines, l => l.Level == LogLevel.Warning).Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Another_precision_is_logged_and_gone_on_in()
    {
        Run(s_options, stopAfter: 7);
        (float[]? weights, long first) = Run(s_options with { Precision = TrainingPrecision.BFloat16 });
        Assert.NotNull(weights);
        Assert.Equal(8, first);
        Assert.Single(_log.Lines, e => e.Text.Contains("computed in Float32 and resumes in BFloat16", StringComparison.Ordinal));
    }

    /// <summary>The final weights, null where it was stopped, and the first step that was made, 0 for none.</summary>
    private (float[]? Weights, long First) Run(TrainingOptions options, int? stopAfter = null)
    {
        using var objective = new TinyObjective();
        using var stop = new CancellationTokenSource();
        long first = 0;
        var report = new Report(p =>
        {
            if (first == 0) first = p.Step;
            if (p.Step == stopAfter) stop.Cancel();
        });
        bool done = new Trainer(options, _log.CreateLogger<Trainer>()).Run(objective, _folder["run"], report, stop.Token);
        return (done ? objective.Weights : null, first);
    }

    private string Checkpoint(int step) => Path.Combine(_folder["run"], $"checkpoint-{step:D9}.safetensors");

    private string[] Files() => [.. Directory.GetFiles(_folder["run"], "checkpoint-*").Order(StringComparer.Ordinal)];

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }

    /// <summary>As many images, the last of which is another.</summary>
    private sealed class Shifted : ICaptionedImageSource
    {
        private readonly TinyDenoiser.Stripes _stripes = new(7);

        public long? Count => 6;

        public CaptionedImage Read(long index) => _stripes.Read(index == 5 ? 6 : index);
    }
}
