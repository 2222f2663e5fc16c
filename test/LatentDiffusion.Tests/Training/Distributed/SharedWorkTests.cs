using LatentDiffusion.Evaluation;
using Xunit;

namespace LatentDiffusion.Tests.Training.Distributed;

/// <summary>Ranks that divide caching and evaluation end with the results of one process.</summary>
public sealed class SharedWorkTests : IDisposable
{
    private const int Images = 7;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData(2), InlineData(3)]
    public void A_cache_is_the_same_file(int ranks)
    {
        Make("one", null);
        (int[]? Value, Exception? Failure)[] shared = ThreadGroup.Run(ranks, group => Make("several", group));
        Assert.All(shared, s => Assert.Null(s.Failure));
        int[][] reads = [.. shared.Select(s => s.Value!)];
        Assert.True(File.ReadAllBytes(_folder["one"]).AsSpan().SequenceEqual(File.ReadAllBytes(_folder["several"])));
        // Each image is read by one rank only, and every rank has part of the work.
        Assert.Equal(Enumerable.Range(0, Images), reads.SelectMany(r => r).Order());
        Assert.All(reads, r => Assert.NotEmpty(r));
        // A whole cache is not made again.
        Assert.All(ThreadGroup.Run(ranks, group => Make("several", group)), r => Assert.Empty(r.Value!));

        int[] Make(string file, IGradientReducer? group)
        {
            using var tiny = new TinyDenoiser();
            using AutoencoderKL autoencoder = tiny.Autoencoder.Build();
            Reference.FormulaWeights.Fill(autoencoder);
            var images = new Recorded(new TinyDenoiser.Stripes(Images));
            var options = new LatentCacheOptions { BatchSize = 2, Posterior = true, Processes = group };
            using LatentCache cache = LatentCache.Open(_folder[file], "key", autoencoder, tiny.Tokenizer, images, Images, options);
            Assert.Equal(Images, cache.Count);
            return [.. images.Reads];
        }
    }

    [Fact]
    public void Losses_are_the_same_numbers()
    {
        LossEstimate[] one = Measure(null);
        Assert.All(ThreadGroup.Run(2, Measure), r => Assert.Equal(one, r.Value));

        static LossEstimate[] Measure(IGradientReducer? group)
        {
            using var tiny = new TinyDenoiser(images: Images);
            using DenoiserObjective objective = tiny.Objective(
                new DenoiserTrainingOptions { BatchSize = 1, TrainTextEncoder = false }, NoiseSchedule.ScaledLinear());
            using var texts = new ClipTextConditioning(tiny.Text, tiny.Tokenizer, tiny.Data.Ids, train: false);
            var validation = new ValidationLoss(
                new UNetDenoiser(tiny.Network), texts, tiny.Data, new LatentScaling(0.2, 0.7),
                new DiffusionProcess(NoiseSchedule.ScaledLinear(), PredictionType.Epsilon), new ValidationOptions { BatchSize = 2 })
            {
                Processes = group,
            };
            return [validation.Measure(), new ObjectiveLoss(objective, Images, 3) { Processes = group }.Measure()];
        }
    }

    private sealed class Recorded(ICaptionedImageSource images) : ICaptionedImageSource
    {
        private readonly HashSet<int> _reads = [];

        public IEnumerable<int> Reads => _reads;

        public long? Count => images.Count;

        public CaptionedImage Read(long index)
        {
            lock (_reads) _reads.Add((int)index);
            return images.Read(index);
        }
    }
}
