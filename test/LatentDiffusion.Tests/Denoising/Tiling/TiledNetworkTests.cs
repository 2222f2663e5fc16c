using LatentDiffusion.Tests.Networks;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Denoising;

/// <summary>Tiles of the library's own autoencoders, as parts of the whole image.</summary>
public sealed class TiledNetworkTests : IDisposable
{
    // Every norm of the tiled part is settled, and the overlap of tiles is four times the receptive field of a seam's pixels on each side.
    private static readonly TilingOptions s_exact = new() { TileSize = 64, Overlap = 0.5, StatisticsPasses = 100 };

    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Kinds => ["kl", "tiny", "tiny-norms", "codebook", "spatial", "flux2"];

    [Theory, MemberData(nameof(Kinds))]
    public void With_enough_passes_and_overlap_tiles_are_the_whole(string kind)
    {
        using LatentAutoencoder whole = Make(kind);
        var tiled = TiledAutoencoder.Wrap(whole, s_exact);
        Tensor latents = FormulaWeights.Input("latents", [2, whole.LatentChannels, 44, 57]);
        Tensor expected = whole.Decode(latents), found = tiled.Decode(latents);
        double scale = expected.std().item<float>();
        Assert.InRange(Largest(expected, found), 0, 2e-5 * Math.Max(1, scale));

        using LatentDistribution one = whole.Encode(expected), pieces = tiled.Encode(expected);
        Assert.InRange(Largest(one.Mean, pieces.Mean), 0, 2e-5);
        Assert.Equal(one.StandardDeviation is null, pieces.StandardDeviation is null);
        if (one.StandardDeviation is not null) Assert.InRange(Largest(one.StandardDeviation, pieces.StandardDeviation!), 0, 2e-5);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_tile_as_large_as_the_image_is_the_image(string kind)
    {
        using LatentAutoencoder whole = Make(kind);
        var tiled = TiledAutoencoder.Wrap(whole, new TilingOptions { TileSize = 16 * whole.DownsamplingFactor });
        Tensor latents = FormulaWeights.Input("latents", [2, whole.LatentChannels, 16, 12]), expected = whole.Decode(latents);
        Assert.True(expected.Equals(tiled.Decode(latents)));
        using LatentDistribution one = whole.Encode(expected), pieces = tiled.Encode(expected);
        Assert.True(one.Mean.Equals(pieces.Mean));
    }

    [Fact]
    public void A_masked_image_is_tiled()
    {
        using var whole = new LatentAutoencoder(Filled(
            (AsymmetricAutoencoderTests.Config(levels: 2) with { UpBlockOutChannels = [8, 16] }).Build()));
        Assert.True(whole.ReadsMaskedImage);
        var tiled = TiledAutoencoder.Wrap(whole, s_exact);
        Assert.True(tiled.ReadsMaskedImage);
        Tensor latents = FormulaWeights.Input("latents", [2, 4, 44, 57]);
        Tensor mask = (FormulaWeights.Input("mask", [1, 1, 88, 114]) > 0).to(ScalarType.Float32);
        var context = new DecodingContext { Image = FormulaWeights.Input("image", [2, 3, 88, 114], clamp: 1), Mask = mask };
        Tensor expected = whole.Decode(latents, context, default), found = tiled.Decode(latents, context, default);
        Assert.InRange(Largest(expected, found), 0, 2e-5 * Math.Max(1, expected.std().item<float>()));
        Assert.InRange(Largest(whole.Decode(latents), tiled.Decode(latents)), 0, 2e-5 * Math.Max(1, expected.std().item<float>()));
        Assert.InRange(Mean(expected, whole.Decode(latents)), 0.01, 10);

        // One image of a batch is that image by itself.
        Tensor second = new SlicedAutoencoder(whole).Decode(latents, context, default).narrow(0, 1, 1);
        Assert.True(second.Equals(whole.Decode(latents.narrow(0, 1, 1), context.ForImage(1), default)));
    }

    [Fact]
    public void Tiles_of_a_sampling_decoder_share_one_noise()
    {
        using var whole = new LatentAutoencoder(ConsistencyDecoderTests.Make());
        Assert.True(whole.DrawsNoise);
        // Each tile is an image by itself.
        Assert.Null(whole.WithTiling(new TilingOptions()));
        var tiled = TiledAutoencoder.Wrap(whole, new TilingOptions { TileSize = 32, Overlap = 0.25 });
        Tensor latents = FormulaWeights.Input("latents", [2, 4, 16, 8]);
        Tensor[] noise = [randn([2, 3, 64, 32], generator: new Generator(4)), randn([2, 3, 64, 32], generator: new Generator(5))];
        Tensor found = tiled.Decode(latents, new DecodingContext { Noise = [new Drawn(noise, 0), new Drawn(noise, 1)] }, default);
        // The first tile: rows that no other tile reaches.
        Tensor[] part = [.. noise.Select(n => n.narrow(2, 0, 32))];
        Tensor first = whole.Decode(
            latents.narrow(2, 0, 8), new DecodingContext { Noise = [new Drawn(part, 0), new Drawn(part, 1)] }, default);
        Assert.InRange(Largest(first.narrow(2, 0, 16), found.narrow(2, 0, 16)), 0, 1e-6);
        Assert.Equal([2, 3, 64, 32], found.shape);
        Assert.True(tiled.Decode(latents).Equals(tiled.Decode(latents)));
    }

    [Theory, InlineData("kl"), InlineData("spatial")]
    public void Statistics_of_the_image_bring_tiles_near_it(string kind)
    {
        using LatentAutoencoder whole = Make(kind);
        // Half of the image is nearly flat, half is not: tiles by themselves are normalised to the same.
        Tensor latents = FormulaWeights.Input("latents", [1, 4, 40, 40]);
        latents.narrow(3, 0, 20).mul_(0.1).add_(0.5);
        Tensor expected = whole.Decode(latents);
        double[] differences = [.. new[] { 0, 1, 2, 100 }.Select(passes =>
            Mean(expected, TiledAutoencoder.Wrap(whole, s_exact with { TileSize = 32, StatisticsPasses = passes }).Decode(latents)))];
        TestContext.Current.TestOutputHelper?.WriteLine($"{kind}: {string.Join(", ", differences)} of {expected.std().item<float>()}");
        Assert.True(
            differences[1] < 0.6 * differences[0] && differences[2] < 0.8 * differences[1] && differences[3] < 0.01 * differences[0],
            string.Join(", ", differences));
    }

    [Fact]
    public void A_large_drawing_in_tiles_is_the_drawing()
    {
        using LatentAutoencoder whole = LatentAutoencoder.Open(Path.Combine(AppContext.BaseDirectory, "models", "drawings", "vae"), CPU);
        var tiled = TiledAutoencoder.Wrap(whole);
        var drawings = new LatentDiffusion.Models.Drawings.DrawingSource(seed: 5, size: 320);
        LatentDiffusion.Models.Drawings.Drawing drawing = drawings.Draw(3);
        Tensor pixels = ImageTensor.FromImage(new ImageBuffer(drawing.Size, drawing.Size, drawing.Rgb.Span)).narrow(2, 0, 256);
        using LatentDistribution latents = whole.Encode(pixels), pieces = tiled.Encode(pixels);
        Assert.InRange(Mean(latents.Mean, pieces.Mean), 0, 0.02);
        Tensor expected = whole.Decode(latents.Mean), found = tiled.Decode(latents.Mean),
            alone = TiledAutoencoder.Wrap(whole, new TilingOptions { StatisticsPasses = 0 }).Decode(latents.Mean);
        const double Level = 2.0 / 255;
        (double together, double apart) = (Mean(expected, found) / Level, Mean(expected, alone) / Level);
        TestContext.Current.TestOutputHelper?.WriteLine($"as parts of the image {together:F3} of 255, alone {apart:F3}");
        Assert.InRange(together, 0, 1);
        Assert.True(together < apart);
    }

    [Theory, InlineData(ScalarType.BFloat16), InlineData(ScalarType.Float16)]
    public void Half_precision_goes_in_tiles_too(ScalarType type)
    {
        using AutoencoderKL network = Kl();
        using AutoencoderKL half = Kl();
        half.to(type);
        using var single = new LatentAutoencoder(network);
        using var narrow = new LatentAutoencoder(half);
        Tensor latents = FormulaWeights.Input("latents", [1, 4, 24, 24]), expected = single.Decode(latents);
        Tensor whole = narrow.Decode(latents), tiled = TiledAutoencoder.Wrap(narrow, s_exact with { TileSize = 32 }).Decode(latents);
        Assert.Equal((ScalarType.Float32, ScalarType.Float32), (whole.dtype, tiled.dtype));
        double rounding = Mean(expected, whole);
        Assert.True(rounding > 0);
        Assert.InRange(Mean(expected, tiled), 0, 2 * rounding);
        using LatentDistribution encoded = TiledAutoencoder.Wrap(narrow, s_exact with { TileSize = 32 }).Encode(expected),
            plain = single.Encode(expected);
        Assert.InRange(Mean(plain.Mean, encoded.Mean), 0, 0.05);
    }

    [Fact]
    public void Nearest_codes_of_many_pixels_are_those_of_few()
    {
        // 90,000 pixels of 256 codes are more distances than are computed at once.
        using IDisposable noGrad = no_grad();
        var quantizer = new VectorQuantizer(LayerFactory.Random, 256, 4);
        FormulaWeights.Fill(quantizer);
        Tensor latents = randn(1, 4, 300, 300) / 4, all = quantizer.Nearest(latents);
        Tensor few = cat([.. latents.split(50, 2).Select(quantizer.Nearest)], 1);
        Assert.Equal([1, 300, 300], all.shape);
        // Two vectors may be equally near within rounding.
        Assert.InRange((all != few).sum().item<long>(), 0, 9);
    }

    public void Dispose() => _scope.Dispose();

    private static LatentAutoencoder Make(string kind) => LatentAutoencoder.Create(kind switch
    {
        "kl" => Kl(),
        "tiny" => Tiny(norms: false),
        "tiny-norms" => Tiny(norms: true),
        "flux2" => Flux2(),
        _ => Codebook(kind == "spatial" ? "spatial" : "group"),
    });

    private static AutoencoderKL Kl() => Filled(new AutoencoderKLConfig
    {
        BlockOutChannels = [16, 32], NormNumGroups = 4, ScalingFactor = 0.5, ShiftFactor = 0.1, LayersPerBlock = 1,
        DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    }.Build());

    private static AutoencoderKLFlux2 Flux2() => Filled(new AutoencoderKLFlux2Config
    {
        BlockOutChannels = [16, 32], NormNumGroups = 4, LatentChannels = 2, LayersPerBlock = 1,
        DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"], UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    }.Build());

    private static AutoencoderTiny Tiny(bool norms) => Filled(new AutoencoderTinyConfig
    {
        EncoderBlockOutChannels = [8, 8], DecoderBlockOutChannels = [8, 8], NumEncoderBlocks = [1, 1],
        NumDecoderBlocks = [1, 1], ScalingFactor = 1.5, UseMidblockGn = norms,
    }.Build());

    private static VQModel Codebook(string norm) => Filled(new VQConfig
    {
        BlockOutChannels = [32, 32],
        DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"],
        UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        LatentChannels = 4, NumVqEmbeddings = 16, ScalingFactor = 0.5, NormType = norm,
    }.Build());

    private static T Filled<T>(T network) where T : nn.Module
    {
        FormulaWeights.Fill(network);
        return network;
    }

    private sealed class Drawn(Tensor[] noise, int image) : INoiseSource
    {
        private int _next;

        public Tensor NextLike(Tensor like) => noise[_next++].narrow(0, image, 1).clone();
    }

    private static double Largest(Tensor one, Tensor other)
    {
        Assert.Equal(one.shape, other.shape);
        return (one - other).abs().max().item<float>();
    }

    private static double Mean(Tensor one, Tensor other)
    {
        Assert.Equal(one.shape, other.shape);
        return (one - other).abs().mean().item<float>();
    }
}
