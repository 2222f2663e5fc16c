using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Tiles and slices asked for by the builder and by configuration.</summary>
public sealed class DividedPipelineTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a blue bird", Seed = 1, Steps = 2, Width = 48, Height = 40 };

    [Fact]
    public void Large_images_go_in_tiles_and_small_ones_as_ever()
    {
        // By default a tile is as large as the images that the autoencoder was trained on: 16 pixels.
        using DiffusionPipeline whole = model.Builder().Build(), small = model.Builder().UseTiledDecoding().Build();
        GenerationRequest asTrained = s_request with { Width = 16, Height = 16 };
        Assert.Equal(Draw(whole, asTrained), Draw(small, asTrained));
        Assert.NotEqual(Draw(whole, s_request), Draw(small, s_request));

        using DiffusionPipeline tiled = model.Builder()
            .UseTiledDecoding(new TilingOptions { TileSize = 32, Overlap = 0.5, StatisticsPasses = 10 })
            .Build();
        Assert.InRange(Difference(Draw(whole, s_request), Draw(tiled, s_request)), 0, 0.5);

        // Images to start from are encoded in tiles.
        ImageBuffer image = whole.Generate(s_request).Images[0].Image;
        GenerationRequest again = s_request with { InitialImage = image, Strength = 0.5 };
        Assert.InRange(Difference(Draw(whole, again), Draw(tiled, again)), 0, 0.5);
    }

    [Fact]
    public void A_users_own_autoencoder_goes_in_tiles_and_slices()
    {
        using DiffusionModel parts = DiffusionModel.Open(model.Folder, CPU);
        var own = new Own(parts.Autoencoder);
        using DiffusionPipeline pipeline = model.Builder()
            .UseAutoencoder(own)
            .UseTiledDecoding(new TilingOptions { TileSize = 16, Overlap = 0 })
            .UseSlicedDecoding()
            .Configure(o => o.BatchSize = 2).Build();
        Assert.Equal(2, pipeline.Generate(s_request with { Width = 32, ImageCount = 2 }).Images.Count);
        // Two columns and three rows of tiles, of each of two images alone.
        Assert.Equal(12, own.Decoded.Count);
        Assert.All(own.Decoded, shape => Assert.Equal([1L, 4L, 8L, 8L], shape));
    }

    [Fact]
    public void Slices_of_a_batch_are_the_images_alone()
    {
        using DiffusionModel parts = DiffusionModel.Open(model.Folder, CPU);
        var own = new Own(parts.Autoencoder);
        using DiffusionPipeline pipeline = model.Builder().UseAutoencoder(own).UseSlicedDecoding().Configure(o => o.BatchSize = 3).Build();
        Assert.Equal(3, pipeline.Generate(s_request with { ImageCount = 3 }).Images.Count);
        Assert.Equal([1, 1, 1], own.Decoded.Select(shape => shape[0]));
    }

    [Fact]
    public void Cancellation_stops_between_two_tiles()
    {
        using DiffusionModel parts = DiffusionModel.Open(model.Folder, CPU);
        using var cancellation = new CancellationTokenSource();
        var own = new Own(parts.Autoencoder);
        own.BeforeDecoding = () =>
        {
            if (own.Decoded.Count == 2) cancellation.Cancel();
        };
        using DiffusionPipeline pipeline = model.Builder()
            .UseAutoencoder(own)
            .UseTiledDecoding(new TilingOptions { TileSize = 16 })
            .Build();
        Assert.ThrowsAny<OperationCanceledException>(() => pipeline.Generate(s_request, null, cancellation.Token));
        Assert.Equal(3, own.Decoded.Count);
    }

    [Fact]
    public void Configuration_says_it_too()
    {
        var services = new ServiceCollection();
        services.AddLatentDiffusion(Section(
            ("ModelFolder", model.Folder),
            ("Device", "cpu"),
            ("Tiling:TileSize", "24"),
            ("Tiling:Overlap", "0.5"),
            ("SlicedDecoding", "true"),
            ("Offload", "true")));
        using ServiceProvider provider = services.BuildServiceProvider();
        DiffusionPipelineOptions options = provider.GetRequiredService<IOptions<DiffusionPipelineOptions>>().Value;
        Assert.Equal(
            (new TilingOptions { TileSize = 24, Overlap = 0.5 }, true, true),
            (options.Tiling, options.SlicedDecoding, options.Offload));
        using DiffusionPipeline built = model.Builder().UseTiledDecoding(options.Tiling).Build();
        Assert.Equal(Draw(built, s_request), Draw(provider.GetRequiredService<DiffusionPipeline>(), s_request));
    }

    [Theory]
    [InlineData("Tiling:Overlap", "0.9", "Tiling: The field Overlap must be between 0 and 0.5")]
    [InlineData("Tiling:TileSize", "8", "Tiling: The field TileSize must be between 16 and 16384")]
    [InlineData("Tiling:TileSiez", "64", "'Tiling:TileSiez' is not known; expected one of TileSize, Overlap, StatisticsPasses")]
    public void Wrong_settings_are_refused(string key, string value, string message)
    {
        var services = new ServiceCollection();
        services.AddLatentDiffusion(Section(("ModelFolder", model.Folder), (key, value)));
        using ServiceProvider provider = services.BuildServiceProvider();
        var e = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_builder_refuses_what_does_not_fit()
    {
        Assert.Contains(
            "Overlap",
            Assert.Throws<ValidationException>(() => model.Builder().UseTiledDecoding(new TilingOptions { Overlap = 1 }).Build()).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "TileSize is 17",
            Assert.Throws<ArgumentException>(() => model.Builder().UseTiledDecoding(new TilingOptions { TileSize = 17 }).Build()).Message,
            StringComparison.Ordinal);
        using DiffusionPipeline built = model.Builder().UseTiledDecoding().Build();
    }

    private static byte[] Draw(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private static double Difference(byte[] one, byte[] other) => one.Zip(other).Average(p => Math.Abs(p.First - p.Second));

    private static IConfiguration Section(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build();

    /// <summary>A decorator of a user's own, which knows nothing of tiles.</summary>
    private sealed class Own(IAutoencoder network) : IAutoencoder
    {
        public List<long[]> Decoded { get; } = [];

        public Action? BeforeDecoding { get; set; }

        public int LatentChannels => network.LatentChannels;

        public int DownsamplingFactor => network.DownsamplingFactor;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) => network.Encode(images);

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default)
        {
            BeforeDecoding?.Invoke();
            Decoded.Add(latents.shape);
            return network.Decode(latents);
        }
    }
}
