using LatentDiffusion.Tests.Data;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

public sealed class LatentCacheTests : IDisposable
{
    private static readonly ClipTokenizer s_tokenizer = new(BpeTrainer.Train(["caption 0"], 520), 8);

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly AutoencoderKL _network;
    private readonly Counted _images = new([.. Enumerable.Range(0, 7).Select(i => TestImages.Noise(i, 24, 16))]);

    public LatentCacheTests()
    {
        _network = new AutoencoderKLConfig
        {
            BlockOutChannels = [4, 4], NormNumGroups = 2, ScalingFactor = 0.7, ShiftFactor = 0.2,
            DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        }.Build();
        FormulaWeights.Fill(_network);
    }

    private string Path => _folder["latents.safetensors"];

    public void Dispose()
    {
        _network.Dispose();
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Batches_are_read_and_drawn_from_the_posterior()
    {
        var options = new LatentCacheOptions { Posterior = true, Type = ScalarType.Float32 };
        using LatentCache cache = LatentCache.Open(Path, "k", _network, s_tokenizer, _images, 7, options);
        Assert.Equal((7L, 1, false, true), (cache.Count, cache.Variants, cache.IsScaled, cache.HasPosterior));
        Assert.Equal([4L, 8, 12], cache.Shape);
        using IDisposable noGrad = no_grad();
        long[] rows = [5, 0, 5];
        Tensor read = cache.Read(rows), drawn = cache.Read(rows, new Generator(3));
        Tensor noise = randn(read.shape, generator: new Generator(3));
        for (int i = 0; i < 3; i++)
        {
            (Tensor mean, Tensor logVariance) = _network.Encode(ImageTensor.FromImage(_images.Read(rows[i]).Image));
            Near(mean[0], read[i], 1e-5);
            Near(mean[0] + (logVariance[0] / 2).exp() * noise[i], drawn[i], 1e-5);
            Assert.Equal(s_tokenizer.Encode($"caption {rows[i]}").Ids, cache.ReadIds(rows)[i].data<long>().ToArray());
        }

        Near(cache.Latents.index_select(0, tensor(rows)), read, 0);
        Assert.Equal(cache.Ids.data<long>().ToArray(), cache.ReadIds([0, 1, 2, 3, 4, 5, 6]).data<long>().ToArray());
        (double mean0, double deviation) = cache.Statistics();
        Assert.Equal(cache.Latents.to(ScalarType.Float64).mean().item<double>(), mean0, 1e-12);
        Assert.Equal(cache.Latents.to(ScalarType.Float64).std().item<double>(), deviation, 1e-12);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Read([7]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Read([-1]));

        using SafetensorsFile file = SafetensorsFile.Open(Path);
        Assert.Equal(["ids", "row_checks", "truncated_tokens", "deviations", "latents"], file.Names);
    }

    [Fact]
    public void Each_variant_has_its_row()
    {
        var prepared = new PreparedImages(
            _images, new PreparedImagesOptions { Width = 8, Height = 8, Crop = CropPosition.Random, FlipProbability = 0.5 });
        var options = new LatentCacheOptions { Variants = 3, BatchSize = 2 };
        using LatentCache cache = LatentCache.Open(Path, "k", _network, null, prepared, 5, options);
        Assert.Equal(15, cache.Count);
        using IDisposable noGrad = no_grad();
        for (int row = 0; row < 15; row++)
            Near(_network.Encode(ImageTensor.FromImage(prepared.Read(row / 3, row % 3).Image)).Mean[0], cache.Read([row])[0], 2e-3);
        Assert.Throws<InvalidOperationException>(() => cache.Ids);
        Assert.Throws<InvalidOperationException>(() => cache.ReadIds([0]));
        Assert.Throws<InvalidOperationException>(() => cache.Read([0], new Generator(1)));
        Assert.Throws<ArgumentException>(() => LatentCache.Open(_folder["x"], "k", _network, null, _images, 5, options));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => LatentCache.Open(_folder["x"], "k", _network, null, _images, 8, new LatentCacheOptions()));
    }

    [Fact]
    public void An_autoencoder_gives_scaled_latents_and_a_network_raw_ones()
    {
        using IDisposable noGrad = no_grad();
        var options = new LatentCacheOptions { Type = ScalarType.Float32, Posterior = true };
        using LatentCache scaled = LatentCache.Open(_folder["scaled"], "k", new LatentAutoencoder(_network), null, _images, 3, options);
        using LatentCache unscaled = LatentCache.Open(_folder["unscaled"], "k", _network, null, _images, 3, options);
        Assert.True(scaled.IsScaled);
        Near((unscaled.Latents - 0.2) * 0.7, scaled.Latents, 1e-6);
        Near((unscaled.Read([1], new Generator(1)) - 0.2) * 0.7, scaled.Read([1], new Generator(1)), 1e-6);

        var config = new AutoencoderTinyConfig
        {
            EncoderBlockOutChannels = [4, 4], DecoderBlockOutChannels = [4, 4], NumEncoderBlocks = [1, 1], NumDecoderBlocks = [1, 1],
        };
        using AutoencoderTiny tiny = config.Build();
        FormulaWeights.Fill(tiny);
        using LatentCache small = LatentCache.Open(
            _folder["tiny"], "k", tiny, null, _images, 3, new LatentCacheOptions { Type = ScalarType.Float32 });
        Near(tiny.Encode(ImageTensor.FromImage(_images.Read(2).Image))[0], small.Read([2])[0], 1e-5);
        Assert.False(small.HasPosterior);
        Assert.Throws<ArgumentException>(() => LatentCache.Open(_folder["no"], "k", tiny, null, _images, 3, options));
    }

    [Fact]
    public void An_interrupted_computation_resumes()
    {
        var options = new LatentCacheOptions { BatchSize = 1 };
        using LatentCache whole = LatentCache.Open(_folder["whole"], "k", _network, s_tokenizer, _images, 7, options);
        Assert.Equal(7, _images.Reads);
        _images.Reads = 0;
        using (var stop = new CancellationTokenSource())
        {
            var progress = new Callback(done =>
            {
                if (done == 4) stop.Cancel();
            });
            Assert.Throws<OperationCanceledException>(
                () => LatentCache.Open(Path, "k", _network, s_tokenizer, _images, 7, options, progress, stop.Token));
        }

        Assert.False(File.Exists(Path));
        // One batch is read ahead.
        Assert.Equal(5, _images.Reads);

        // A torn row, which a killed process may leave, is computed again with the missing ones.
        long row = Offset("latents") + 2 * (4 * 8 * 12) * sizeof(short);
        using (FileStream torn = File.OpenWrite(Path + ".partial"))
        {
            torn.Position = row;
            torn.WriteByte(0x55);
        }

        _images.Reads = 0;
        using (LatentCache resumed = LatentCache.Open(Path, "k", _network, s_tokenizer, _images, 7, options))
        {
            Assert.Equal(4, _images.Reads);
            Near(whole.Latents, resumed.Latents, 0);
            Assert.Equal(whole.Ids.data<long>().ToArray(), resumed.Ids.data<long>().ToArray());
        }

        Assert.False(File.Exists(Path + ".partial"));
        Assert.Equal(File.ReadAllBytes(_folder["whole"]), File.ReadAllBytes(Path));
        _images.Reads = 0;
        LatentCache.Open(Path, "k", _network, s_tokenizer, _images, 7, options).Dispose();
        Assert.Equal(0, _images.Reads);

        long Offset(string name)
        {
            using SafetensorsFile file = SafetensorsFile.Open(Path + ".partial");
            return file.Offset(name);
        }
    }

    [Fact]
    public void A_cache_that_cannot_be_made_says_why_before_an_image_is_read()
    {
        Directory.CreateDirectory(_folder["folder"]);
        var exception = Assert.Throws<IOException>(
            () => LatentCache.Open(_folder["folder"], "k", _network, s_tokenizer, _images, 7));
        Assert.Contains("not a regular file", exception.Message, StringComparison.Ordinal);
        LatentCache.Open(Path, "k", _network, s_tokenizer, _images, 7).Dispose();
        File.Move(Path, Path + ".partial");
        _images.Reads = 0;
        using (File.OpenHandle(Path + ".partial", FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            // Held open as by another process that makes the same cache.
            string message = Assert.Throws<IOException>(() => LatentCache.Open(Path, "k", _network, s_tokenizer, _images, 7)).Message;
            Assert.Contains("Where another process makes it", message, StringComparison.Ordinal);
            Assert.Contains(Path, message, StringComparison.Ordinal);
        }

        Assert.Equal(0, _images.Reads);
    }

    [Fact]
    public void Another_key_or_configuration_or_damage_rebuilds_the_cache()
    {
        Made(7, () => Open("k", new LatentCacheOptions()));
        Made(0, () => Open("k", new LatentCacheOptions()));
        Made(7, () => Open("l", new LatentCacheOptions()));
        Made(7, () => Open("l", new LatentCacheOptions { Posterior = true }));
        Made(7, () => Open("l", new LatentCacheOptions { Posterior = true, Type = ScalarType.BFloat16 }));
        File.WriteAllBytes(Path, File.ReadAllBytes(Path)[..^5]);
        Made(7, () => Open("l", new LatentCacheOptions { Posterior = true, Type = ScalarType.BFloat16 }));
        File.WriteAllText(Path + ".partial", "not a partial file");
        Made(7, () => Open("m", new LatentCacheOptions()));
        File.Copy(Path, Path + ".partial");
        Made(7, () => Open("n", new LatentCacheOptions()));
        Assert.Equal(Path, Assert.Single(Directory.GetFiles(_folder[""])));

        // Independent of the key: another vocabulary, other weights, and for scaled latents another scaling factor.
        var other = new ClipTokenizer(BpeTrainer.Train(["caption caption"], 520), 8);
        Made(7, () => LatentCache.Open(Path, "n", _network, other, _images, 7));
        Made(0, () => LatentCache.Open(Path, "n", _network, other, _images, 7));
        Made(7, () => LatentCache.Open(Path, "n", _network, null, _images, 7, new LatentCacheOptions { SecondTokenizer = s_tokenizer }));
        Made(7, () => LatentCache.Open(Path, "n", _network, null, _images, 7, new LatentCacheOptions { SecondTokenizer = other }));
        using (AutoencoderKL rescaled = (_network.Config with { ScalingFactor = 2 }).Build())
        {
            FormulaWeights.Fill(rescaled);
            Made(0, () => LatentCache.Open(Path, "n", rescaled, null, _images, 7, new LatentCacheOptions { SecondTokenizer = other }));
            Made(7, () => LatentCache.Open(Path, "n", new LatentAutoencoder(_network), null, _images, 7, new LatentCacheOptions()));
            Made(7, () => LatentCache.Open(Path, "n", new LatentAutoencoder(rescaled), null, _images, 7, new LatentCacheOptions()));
        }

        Made(7, () => LatentCache.Open(
            Path, "n", TiledAutoencoder.Wrap(new LatentAutoencoder(_network)), null, _images, 7, new LatentCacheOptions()));
        using (no_grad()) _network.parameters().First().add_(1);
        Made(7, () => LatentCache.Open(
            Path, "n", TiledAutoencoder.Wrap(new LatentAutoencoder(_network)), null, _images, 7, new LatentCacheOptions()));
        Made(7, () => Open("n", new LatentCacheOptions()));

        LatentCache Open(string key, LatentCacheOptions options) => LatentCache.Open(Path, key, _network, s_tokenizer, _images, 7, options);

        void Made(int reads, Func<LatentCache> open)
        {
            _images.Reads = 0;
            open().Dispose();
            Assert.Equal(reads, _images.Reads);
        }
    }

    [Fact]
    public void Sizes_and_second_tokens_are_stored_on_request()
    {
        BpeVocabulary vocabulary = BpeTrainer.Train(["caption 0"], 520);
        ClipTokenizer first = new(vocabulary, 16), other = new(vocabulary, 16, "!");
        var prepared = new PreparedImages(_images, new PreparedImagesOptions { Width = 8, Height = 8 });
        using LatentCache cache = LatentCache.Open(
            Path, "k", _network, first, prepared, 7, new LatentCacheOptions { Sizes = true, SecondTokenizer = other });
        // 24 x 16 is resized to 12 x 8, of which 2 columns are cropped on the left.
        Assert.Equal([16f, 24, 0, 2, 8, 8, 16, 24, 0, 2, 8, 8], cache.ReadSizes([6, 0]).data<float>().ToArray());
        for (int i = 0; i < 7; i++) Assert.Equal(other.Encode($"caption {i}").Ids, cache.SecondIds[i].data<long>().ToArray());
        Assert.NotEqual(cache.Ids.data<long>().ToArray(), cache.SecondIds.data<long>().ToArray());
        using LatentCache own = LatentCache.Open(_folder["own"], "k", _network, null, _images, 7, new LatentCacheOptions { Sizes = true });
        Assert.Equal([16f, 24, 0, 0, 16, 24], own.ReadSizes([3]).data<float>().ToArray());

        using LatentCache without = LatentCache.Open(_folder["without"], "k", _network, s_tokenizer, prepared, 7, new LatentCacheOptions());
        Assert.False(without.HasSizes);
        Assert.Throws<InvalidOperationException>(() => without.ReadSizes([0]));
        Assert.Throws<InvalidOperationException>(() => without.SecondIds);
    }

    [Fact]
    public void Images_of_two_sizes_are_refused_by_name()
    {
        var images = new TestImages.InMemory(TestImages.Noise(1, 8, 8), TestImages.Noise(2, 16, 8));
        Exception e = Assert.Throws<ArgumentException>(
            () => LatentCache.Open(Path, "k", _network, null, images, 2, new LatentCacheOptions()));
        Assert.Contains("'image 1' is 16 x 8", e.Message);
        Assert.Throws<InvalidOperationException>(
            () => LatentCache.Open(Path, "k", _network, null, images, 2, new LatentCacheOptions { BatchSize = 1 }));
    }

    [Fact]
    public void Text_embeddings_are_stored_once_per_caption()
    {
        var encoder = new FormulaEncoder();
        string[] captions = ["a", "b", "a", "", "c"];
        var options = new TextEmbeddingCacheOptions { Type = ScalarType.Float32, BatchSize = 3 };
        using TextEmbeddingCache cache = TextEmbeddingCache.Open(Path, "k", encoder, captions, options);
        Assert.Equal(["", "a", "b", "c"], encoder.Encoded);
        Assert.Equal(5, cache.Count);
        using Conditioning batch = cache.Read([4, 2, TextEmbeddingCache.EmptyCaption, 0]);
        using Conditioning expected = encoder.Encode(["c", "a", "", "a"]);
        Near(expected.HiddenStates, batch.HiddenStates, 0);
        Near(expected.Pooled!, batch.Pooled!, 0);
        Assert.Equal(expected.Mask!.data<long>().ToArray(), batch.Mask!.data<long>().ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Read([5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Read([-2]));

        encoder.Encoded.Clear();
        TextEmbeddingCache.Open(Path, "k", encoder, captions, new TextEmbeddingCacheOptions { Type = ScalarType.Float32 }).Dispose();
        Assert.Empty(encoder.Encoded);
        TextEmbeddingCache.Open(Path, "k", encoder, ["a", "d"], new TextEmbeddingCacheOptions { Type = ScalarType.Float32 }).Dispose();
        Assert.Equal(["", "a", "d"], encoder.Encoded);
    }

    [Fact]
    public void A_caption_of_several_chunks_is_named()
    {
        using ClipTextModel network = new ClipTextConfig
        {
            VocabSize = 600, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 2, NumAttentionHeads = 2, MaxPositionEmbeddings = 8,
        }.Build();
        ITextEncoder Encoder(int chunks) => new ClipTextEncoder(network, s_tokenizer, new PromptingOptions { MaxChunks = chunks });
        string[] captions = ["a", "one two three four five six seven eight nine ten"];
        Exception e = Assert.Throws<ArgumentException>(() => TextEmbeddingCache.Open(Path, "k", Encoder(16), captions));
        Assert.Contains(captions[1], e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path));
        TextEmbeddingCache.Open(Path, "k", Encoder(1), captions).Dispose();
    }

    [Fact]
    public void A_sliced_autoencoder_shares_the_cache_of_the_plain_one()
    {
        using AutoencoderKL other = _network.Config.Build();
        IAutoencoder one = LatentAutoencoder.Create(_network), two = LatentAutoencoder.Create(other);
        Assert.Equal(one.ContentKey, new SlicedAutoencoder(one).ContentKey);
        Assert.NotEqual(new SlicedAutoencoder(one).ContentKey, new SlicedAutoencoder(two).ContentKey);
    }

    [Fact]
    public void Text_embeddings_depend_on_the_encoders_weights_and_vocabulary()
    {
        using ClipTextModel network = new ClipTextConfig
        {
            VocabSize = 600, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 2, NumAttentionHeads = 2,
            MaxPositionEmbeddings = 8, ProjectionDim = 8,
        }.Build();
        FormulaWeights.Fill(network);
        ClipTokenizer one = s_tokenizer, two = new(BpeTrainer.Train(["caption caption"], 520), 8);
        DateTime old = new(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        Made(true, () => new ClipTextEncoder(network, one));
        Made(false, () => new ClipTextEncoder(network, one));
        Made(true, () => new ClipTextEncoder(network, two));
        Made(true, () => new ClipTextEncoder(network, two, new PromptingOptions { MaxChunks = 1 }));
        Made(true, () => new ClipTextEncoder(network, two, new PromptingOptions { MaxChunks = 1, ClipSkip = 2 }));
        Made(true, () => new ClipTextEncoder(network, two));
        using (no_grad()) network.parameters().First().add_(1);
        Made(true, () => new ClipTextEncoder(network, two));
        Made(false, () => new ClipTextEncoder(network, two));

        void Made(bool again, Func<ITextEncoder> encoder)
        {
            TextEmbeddingCache.Open(Path, "k", encoder(), ["a caption"]).Dispose();
            Assert.Equal(again, File.GetLastWriteTimeUtc(Path) != old);
            File.SetLastWriteTimeUtc(Path, old);
        }
    }

    private static void Near(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected.to(ScalarType.Float64) - actual.to(ScalarType.Float64)).abs().max().item<double>(), 0, tolerance);
    }

    private sealed class Counted(ImageBuffer[] images) : ICaptionedImageSource
    {
        private int _reads;

        public int Reads
        {
            get => _reads;
            set => _reads = value;
        }

        public long? Count => images.Length;

        public CaptionedImage Read(long index)
        {
            Interlocked.Increment(ref _reads);
            return new CaptionedImage(images[index], $"caption {index}", $"image {index}");
        }
    }

    private sealed class Callback(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }

    private sealed class FormulaEncoder : ITextEncoder
    {
        public int MaxLength => 3;

        public List<string> Encoded { get; } = [];

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default)
        {
            Encoded.AddRange(prompts);
            Tensor hidden = stack(prompts.Select(p => FormulaWeights.Input(p, [3, 5])).ToArray());
            long[] mask = [.. prompts.SelectMany(p => new long[] { 1, p.Length, 0 })];
            return new Conditioning(hidden, hidden.mean([1]), tensor(mask, [prompts.Count, 3]));
        }
    }
}
