using LatentDiffusion.Tests.Data;
using LatentDiffusion.Tests.Diagnostics;
using LatentDiffusion.Tests.Reference;
using Microsoft.Extensions.Logging;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>Caches are checked when they are opened: damaged rows are reported, and only those are computed again.</summary>
public sealed class DamagedCacheTests : IDisposable
{
    private const int Count = 9, BatchSize = 2;

    private static readonly string s_long = string.Join(' ', Enumerable.Repeat("caption", 20));

    private static readonly ClipTokenizer s_tokenizer =
        new(BpeTrainer.Train([.. Enumerable.Range(0, 9).Select(i => $"caption {i}")], 560), 12);

    private readonly TemporaryFolder _folder = new();
    private readonly LogRecorder _log = new();
    private readonly AutoencoderKL _network = new AutoencoderKLConfig
    {
        BlockOutChannels = [4, 4], NormNumGroups = 2,
        DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    }.Build();

    public DamagedCacheTests() => FormulaWeights.Fill(_network);

    private string CachePath => _folder["latents.safetensors"];

    public void Dispose()
    {
        _network.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("latents")]
    [InlineData("ids")]
    [InlineData("row_checks")]
    public void A_damaged_row_is_named_and_made_again(string tensor)
    {
        Assert.Equal(Count, Open());
        byte[] whole = File.ReadAllBytes(CachePath);
        foreach (int row in (int[])[3, 8]) Flip(tensor, row);
        // All images of the row's batch are read, because another batch would round differently. The last batch has one image.
        Assert.Equal(BatchSize + 1, Open());
        Assert.Contains($"2 of {Count} rows of the cache {CachePath} are damaged (3, 8)", Warning(), StringComparison.Ordinal);
        Assert.Equal(whole, File.ReadAllBytes(CachePath));
        Assert.Equal(0, Open());
        Assert.Equal(CachePath, Assert.Single(Directory.GetFiles(_folder[""])));
    }

    [Theory]
    [InlineData("latents")]
    [InlineData("ids")]
    [InlineData("row_checks")]
    public void A_cache_without_a_tensor_is_made_again(string missing)
    {
        Open();
        byte[] whole = File.ReadAllBytes(CachePath);
        Rewrite(names => names.Where(n => n != missing));
        Assert.Equal(Count, Open());
        Assert.Contains(missing, Warning(), StringComparison.Ordinal);
        Assert.Equal(whole, File.ReadAllBytes(CachePath));
    }

    [Fact]
    public void A_link_to_a_cache_stays_and_a_device_is_refused()
    {
        File.CreateSymbolicLink(CachePath, "elsewhere.safetensors");
        Open();
        Assert.True(File.Exists(_folder["elsewhere.safetensors"]));
        Assert.Equal("elsewhere.safetensors", new FileInfo(CachePath).LinkTarget);
        Assert.Equal(0, Open());
        if (!OperatingSystem.IsWindows()) Assert.Throws<IOException>(() => Open("/dev/null"));
    }

    [Fact]
    public void Truncated_captions_are_counted_in_one_line()
    {
        Open(caption: i => i < 2 ? s_long : "caption 0");
        string made = Warning();
        Assert.Matches(
            $@"Captions truncated: 2 of {Count} in .* exceed the model's 12-token window, by \d+ tokens on average and \d+ at most",
            made);
        _log.Lines.Clear();
        Assert.Equal(0, Open(caption: _ => "not read again"));
        Assert.Equal(made, Warning());
    }

    [Fact]
    public void Truncated_captions_of_embeddings_are_counted_in_one_line()
    {
        using ClipTextModel network = new ClipTextConfig
        {
            VocabSize = s_tokenizer.VocabularySize, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 1, NumAttentionHeads = 2,
            MaxPositionEmbeddings = 12, EosTokenId = s_tokenizer.EndId,
        }.Build();
        FormulaWeights.Fill(network);
        using var encoder = new ClipTextEncoder(network, s_tokenizer);
        var options = new TextEmbeddingCacheOptions { Logger = _log.CreateLogger("cache") };
        TextEmbeddingCache.Open(CachePath, "k", encoder, ["caption 0", s_long, "caption 0"], options).Dispose();
        Assert.Contains("Captions truncated: 1 of 3", Warning(), StringComparison.Ordinal);
    }

    /// <summary>Returns the number of images that were read.</summary>
    private int Open(string? path = null, Func<long, string>? caption = null)
    {
        var images = new Captioned(caption ?? (i => $"caption {i}"));
        var options = new LatentCacheOptions { BatchSize = BatchSize, Logger = _log.CreateLogger("cache") };
        LatentCache.Open(path ?? CachePath, "k", _network, s_tokenizer, images, Count, options).Dispose();
        return images.Reads;
    }

    private string Warning() => Assert.Single(_log.Lines, l => l.Level == LogLevel.Warning).Text;

    private void Flip(string tensor, int row)
    {
        long position;
        using (SafetensorsFile file = SafetensorsFile.Open(CachePath))
            position = file.Offset(tensor) + row * (file.Find(tensor)!.ByteLength / Count);
        using FileStream stream = new(CachePath, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = position;
        int before = stream.ReadByte();
        stream.Position = position;
        stream.WriteByte((byte)(before ^ 4));
    }

    private void Rewrite(Func<IEnumerable<string>, IEnumerable<string>> names)
    {
        using DisposeScope scope = NewDisposeScope();
        (string, Tensor)[] tensors;
        Dictionary<string, string> metadata;
        using (SafetensorsFile file = SafetensorsFile.Open(CachePath))
        {
            tensors = [.. names(file.Names).Select(n => (n, file.Read(n)))];
            metadata = file.Metadata.ToDictionary();
        }

        SafetensorsWriter.Write(CachePath, tensors, metadata);
    }

    private sealed class Captioned(Func<long, string> caption) : ICaptionedImageSource
    {
        private int _reads;

        public int Reads => _reads;

        public long? Count => DamagedCacheTests.Count;

        public CaptionedImage Read(long index)
        {
            Interlocked.Increment(ref _reads);
            return new CaptionedImage(TestImages.Noise((int)index, 16, 16), caption(index), $"image {index}");
        }
    }
}
