using LatentDiffusion.Tests.Data;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

public sealed class InterleavedObjectiveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_batch_of_every_part_comes_once_an_epoch()
    {
        using var network = nn.Linear(1, 1);
        var seen = new List<string>();
        InterleavedObjective joined = Joined();
        for (long i = 0; i < 18; i++)
        {
            using var generator = new Generator(1);
            using Tensor loss = joined.Loss(new TrainingStep(i, generator) { Step = i });
            Assert.Equal([seen[^1]], joined.Items(i));
        }

        Assert.Equal(["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3", "b4"], seen[..9].Order());
        Assert.Equal(["a4", "a5", "a6", "a7", "b5", "b6", "b7", "b8", "b9"], seen[9..].Order());
        Assert.NotEqual(seen[..9].Select(s => s[0]), seen[9..].Select(s => s[0]));

        // A resumed run begins anywhere.
        Assert.Equal([seen[13]], Joined().Items(13));
        using var other = nn.Linear(1, 1);
        Assert.Throws<ArgumentException>(
            () => new InterleavedObjective((new RecordingObjective("a", network, seen), 2), (new RecordingObjective("b", other, seen), 3)));
        Assert.Throws<ArgumentException>(() => new InterleavedObjective());

        InterleavedObjective Joined() =>
            new((new RecordingObjective("a", network, seen), 4), (new RecordingObjective("b", network, seen), 5));
    }

    [Fact]
    public void Images_of_several_sizes_train_one_denoiser()
    {
        using var tiny = new TinyDenoiser();
        using AutoencoderKL autoencoder = tiny.Autoencoder.Build();
        Reference.FormulaWeights.Fill(autoencoder);
        var images = new TestImages.InMemory(
        [
            .. Enumerable.Range(0, 4).Select(i => TestImages.Noise(i, 16, 16)),
            .. Enumerable.Range(4, 3).Select(i => TestImages.Noise(i, 40, 16))
        ]);
        var buckets = new AspectRatioBuckets(new AspectRatioBucketOptions { Area = 16 * 16, Step = 8 });
        BucketedImages sorted = BucketedImages.Sort(images, buckets);
        int[] used = [.. Enumerable.Range(0, buckets.Sizes.Count).Where(b => sorted.InBucket(b).Count > 0)];
        Assert.Equal(2, used.Length);
        LatentCache[] caches =
        [
            .. used.Select(b => LatentCache.Open(
                _folder[$"{b}.safetensors"],
                $"{b}",
                autoencoder,
                tiny.Tokenizer,
                sorted.InBucket(b),
                sorted.InBucket(b).Count!.Value))
        ];
        DenoiserObjective[] parts = [.. caches.Select(c => new DenoiserObjective(
            new UNetDenoiser(tiny.Network), tiny.Text, tiny.Tokenizer, tiny.Autoencoder, c,
            NoiseSchedule.ScaledLinear(), new DenoiserTrainingOptions { BatchSize = 2 }))];
        Assert.Equal([2L, 2], parts.Select(p => p.BatchesPerEpoch));
        Assert.Equal(2, caches.Select(c => string.Join(' ', c.Shape)).Distinct().Count());
        Assert.True(new Trainer(new TrainingOptions { Steps = 8, CheckpointEvery = 8 }).Run(
            new InterleavedObjective([.. parts.Select(p => ((ITrainingObjective)p, p.BatchesPerEpoch))]),
            _folder["run"]));
        foreach (DenoiserObjective part in parts) part.Dispose();
        foreach (LatentCache cache in caches) cache.Dispose();
    }

    /// <summary>Writes down which of its batches is asked for.</summary>
    private sealed class RecordingObjective(string name, nn.Module network, List<string> seen) : ITrainingObjective
    {
        public IReadOnlyDictionary<string, nn.Module> Modules => new Dictionary<string, nn.Module> { ["line"] = network };

        public Tensor Loss(TrainingStep step)
        {
            seen.Add($"{name}{step.Index}");
            return zeros(1);
        }

        public IReadOnlyList<string> Items(long index) => [$"{name}{index}"];
    }
}
