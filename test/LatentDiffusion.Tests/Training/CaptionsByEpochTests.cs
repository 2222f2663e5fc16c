using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>Images with several captions: each epoch takes one, over cached texts and over a text tower.</summary>
public sealed class CaptionsByEpochTests : IDisposable
{
    private static readonly int[] s_counts = [1, 3, 2, 1, 4, 2];

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TinyDenoiser _tiny = new();

    public void Dispose()
    {
        _tiny.Dispose();
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void An_image_is_seen_with_each_caption_once_in_as_many_epochs()
    {
        var asked = new Recorder();
        Train(asked, steps: 24);
        // Two images a step, six images: 24 steps are 8 epochs.
        for (int image = 0, first = 0; image < s_counts.Length; first += s_counts[image++])
        {
            long[] seen = [.. asked.Captions.Where(c => c >= first && c < first + s_counts[image])];
            Assert.Equal(8, seen.Length);
            foreach (long[] round in seen.Chunk(s_counts[image]).Where(r => r.Length == s_counts[image]))
                Assert.Equal(Enumerable.Range(first, s_counts[image]).Select(c => (long)c), round.Order());
        }

        Assert.True(
            asked.Captions.Where(c => c is >= 7 and < 11).Chunk(4).Select(r => string.Join(' ', r)).Distinct().Count() > 1,
            "each round has the same order");
        var again = new Recorder();
        Train(again, steps: 24, stopAfter: 7);
        Train(again, steps: 24);
        Assert.Equal(asked.Captions, again.Captions);
    }

    [Fact]
    public void Cached_texts_are_those_of_the_caption()
    {
        string[] captions = [.. Enumerable.Range(0, s_counts.Sum()).Select(i => $"a star {i}")];
        using var encoder = new ClipTextEncoder(_tiny.Text, _tiny.Tokenizer);
        using TextEmbeddingCache cache = TextEmbeddingCache.Open(_folder["texts"], "k", encoder, captions);
        ITextConditioning texts = new CaptionsByEpoch(new CachedTextConditioning(cache), s_counts);
        var seen = new List<float[]>();
        for (int epoch = 0; epoch < 3; epoch++)
            seen.Add([
                .. texts.Encode(tensor(new long[] { 1 }), zeros(1, ScalarType.Bool), [epoch])
                    .HiddenStates.data<float>()
            ]);
        float[][] expected = [.. Enumerable.Range(1, 3).Select(c => cache.Read([c]).HiddenStates.data<float>().ToArray())];
        Assert.All(expected, e => Assert.Contains(seen, s => s.AsSpan().SequenceEqual(e)));
    }

    [Fact]
    public void Variants_of_an_image_take_different_captions()
    {
        var asked = new Recorder();
        ITextConditioning texts = new CaptionsByEpoch(asked, [2, 2], seed: 5, variants: 2);
        texts.Encode(tensor(new long[] { 0, 1, 2, 3 }), zeros(4, ScalarType.Bool), [0, 0, 0, 0]);
        Assert.Equal([0L, 1, 2, 3], asked.Captions.Order());
    }

    [Fact]
    public void An_image_without_captions_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new CaptionsByEpoch(new Recorder(), [1, 0]));

    private void Train(Recorder texts, int steps, int? stopAfter = null)
    {
        using var objective = new DenoiserObjective(
            new UNetDenoiser(_tiny.Network), new CaptionsByEpoch(texts, s_counts, seed: 9), _tiny.Data, LatentScaling.None,
            NoiseSchedule.ScaledLinear(), new DenoiserTrainingOptions { BatchSize = 2, TrainTextEncoder = false });
        using var stop = new CancellationTokenSource();
        string folder = _folder[stopAfter is null && texts.Captions.Count == 0 ? "whole" : "parts"];
        new Trainer(new TrainingOptions { Steps = steps, CheckpointEvery = steps }).Run(objective, folder, new Report(step =>
        {
            if (step == stopAfter) stop.Cancel();
        }), stop.Token);
    }

    /// <summary>Texts that keep which captions they were asked for.</summary>
    private sealed class Recorder : ITextConditioning
    {
        public List<long> Captions { get; } = [];

        public IReadOnlyDictionary<string, nn.Module> Modules { get; } = new Dictionary<string, nn.Module>();

        public Conditioning Encode(Tensor index, Tensor dropped)
        {
            Captions.AddRange(index.data<long>().ToArray());
            return new Conditioning(zeros(index.shape[0], 8, 8));
        }
    }

    private sealed class Report(Action<long> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value.Step);
    }
}
