using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>What a pipeline gives decoders that read more than latents: the masked image, and the noise of each image.</summary>
public sealed class DecodingContextTests : IClassFixture<FamilyFolders>, IDisposable
{
    private const ulong Seed = 3;

    private static readonly GenerationRequest s_text = new()
    {
        Prompt = "ab a", Seed = Seed, Steps = 3, GuidanceScale = 4, Width = TaskImages.Width, Height = TaskImages.Height,
    };

    private static readonly GenerationRequest s_inpainting = s_text with
    {
        InitialImage = TaskImages.Image, Mask = TaskImages.Mask, Strength = 0.7,
        // What the decoder gives, also where the image stays.
        Inpainting = new InpaintingOptions { PreservePixels = false },
    };

    private readonly FamilyFolders _folders;
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly IDisposable _noGrad = no_grad();

    public DecodingContextTests(FamilyFolders folders)
    {
        _folders = folders;
        using AsymmetricAutoencoderKL asymmetric = AutoencoderFolders.Asymmetric();
        DiffusersFolder.WriteNetwork(asymmetric, _folder["asymmetric"]);
        using ConsistencyDecoderVAE consistency = AutoencoderFolders.Consistency();
        DiffusersFolder.WriteNetwork(consistency, _folder["consistency"]);
    }

    [Theory, InlineData("sd1"), InlineData("sd1-inpaint"), InlineData("sd2")]
    public void Inpainting_gives_the_decoder_image_and_mask(string family)
    {
        var seen = new Seen(LatentAutoencoder.Open(_folder["asymmetric"], CPU));
        using (DiffusionPipeline watched = Builder(family).UseAutoencoder(seen).Build()) watched.Generate(s_inpainting);
        using AsymmetricAutoencoderKL network = DiffusersFolder.ReadNetwork<AsymmetricAutoencoderKL>(_folder["asymmetric"]);
        Tensor image = PlainFamily.Pixels(TaskImages.Image), mask = zeros(1, 1, TaskImages.Height, TaskImages.Width);
        for (int y = 0; y < TaskImages.Height; y++)
            for (int x = 0; x < TaskImages.Width; x++)
                if (TaskImages.IsRepainted(x, y)) mask[0, 0, y, x] = 1;
        Tensor pixels = network.Decode(seen.Latents! / 0.18215, image, mask);
        using DiffusionPipeline pipeline = Builder(family).UseAutoencoder(_folder["asymmetric"]).Build();
        byte[] expected = ImageTensor.ToImages(pixels)[0].Rgb.ToArray();
        Assert.Equal(expected, pipeline.Generate(s_inpainting).Images[0].Image.Rgb.ToArray());
        Assert.NotEqual(expected, ImageTensor.ToImages(network.Decode(seen.Latents! / 0.18215))[0].Rgb.ToArray());
    }

    [Fact]
    public void Without_a_mask_the_decoder_reads_only_latents()
    {
        using AsymmetricAutoencoderKL network = DiffusersFolder.ReadNetwork<AsymmetricAutoencoderKL>(_folder["asymmetric"]);
        using DiffusionPipeline pipeline = Builder("sd1").UseAutoencoder(_folder["asymmetric"]).Build();
        foreach (GenerationRequest request in new[] { s_text, s_inpainting with { Mask = null, Inpainting = null } })
        {
            var seen = new Seen(LatentAutoencoder.Open(_folder["asymmetric"], CPU));
            using (DiffusionPipeline watched = Builder("sd1").UseAutoencoder(seen).Build()) watched.Generate(request);
            Assert.Equal(
                ImageTensor.ToImages(network.Decode(seen.Latents! / 0.18215))[0].Rgb.ToArray(),
                pipeline.Generate(request).Images[0].Image.Rgb.ToArray());
        }
    }

    [Fact]
    public void The_second_of_two_passes_has_the_larger_image_and_mask()
    {
        var seen = new Seen(LatentAutoencoder.Open(_folder["asymmetric"], CPU));
        using DiffusionPipeline pipeline = Builder("sd1").UseAutoencoder(seen).Build();
        pipeline.Generate(s_inpainting with { Upscale = new LatentUpscaling { Width = 40, Height = 24, Strength = 0.6 } });
        Assert.Equal([1, 3, 24, 40], seen.Context!.Image!.shape);
        Assert.Equal([1, 1, 24, 40], seen.Context.Mask!.shape);
    }

    [Fact]
    public void Images_of_several_requests_have_their_own_masks()
    {
        using DiffusionPipeline pipeline = Builder("sd1").UseAutoencoder(_folder["asymmetric"]).Configure(o => o.BatchSize = 2).Build();
        GenerationRequest other = s_inpainting with
        {
            Seed = 8,
            Mask = TaskImages.Create(TaskImages.Width, TaskImages.Height, (x, _) => x < 12 ? ((byte)255, (byte)255, (byte)255) : default),
        };
        byte[] alone = pipeline.Generate(other).Images[0].Image.Rgb.ToArray();
        byte[] together = pipeline.Generate([s_inpainting, other])[1].Images[0].Image.Rgb.ToArray();
        Assert.All(alone.Zip(together), p => Assert.InRange(p.First - p.Second, -1, 1));
    }

    [Theory, InlineData("euler", 0), InlineData("euler-a", 3)]
    public void Decoding_continues_the_noise_of_the_image(string scheduler, int drawsOfSteps)
    {
        // As diffusers, whose pipelines hand their generator to the decoder.
        var seen = new Seen(LatentAutoencoder.Open(_folder["consistency"], CPU));
        using (DiffusionPipeline watched = Builder("sd1").UseScheduler(scheduler).UseAutoencoder(seen).Build()) watched.Generate(s_text);
        using ConsistencyDecoderVAE network = DiffusersFolder.ReadNetwork<ConsistencyDecoderVAE>(_folder["consistency"]);
        using var noise = new GeneratorNoise(Seed);
        Tensor latents = seen.Latents!;
        for (int i = 0; i < 1 + drawsOfSteps; i++) noise.NextLike(latents);
        Tensor pixels = network.Decode(latents / 0.18215, [noise]);
        using DiffusionPipeline pipeline = Builder("sd1").UseScheduler(scheduler).UseAutoencoder(_folder["consistency"]).Build();
        Assert.Equal(ImageTensor.ToImages(pixels)[0].Rgb.ToArray(), pipeline.Generate(s_text).Images[0].Image.Rgb.ToArray());
    }

    [Theory, InlineData(false), InlineData(true)]
    public void One_seed_gives_the_same_bytes_alone_and_in_a_batch(bool inpainting)
    {
        GenerationRequest request = inpainting ? s_inpainting : s_text;
        using DiffusionPipeline pipeline = Builder("sd1").UseAutoencoder(_folder["consistency"]).Build();
        byte[] alone = pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
        GenerationResult several = pipeline.Generate(request with { Seed = Seed - 1, ImageCount = 3 });
        Assert.Equal(alone, several.Images[1].Image.Rgb.ToArray());
        Assert.NotEqual(alone, several.Images[0].Image.Rgb.ToArray());
        using DiffusionPipeline together = Builder("sd1").UseAutoencoder(_folder["consistency"]).Configure(o => o.BatchSize = 3).Build();
        byte[] shared = together.Generate(request with { Seed = Seed - 1, ImageCount = 3 }).Images[1].Image.Rgb.ToArray();
        Assert.All(alone.Zip(shared), p => Assert.InRange(p.First - p.Second, -1, 1));
        using DiffusionPipeline sliced = Builder("sd1").UseAutoencoder(_folder["consistency"]).Configure(o => o.BatchSize = 3)
            .UseSlicedDecoding().Build();
        shared = sliced.Generate(request with { Seed = Seed - 1, ImageCount = 3 }).Images[1].Image.Rgb.ToArray();
        Assert.All(alone.Zip(shared), p => Assert.InRange(p.First - p.Second, -1, 1));
    }

    public void Dispose()
    {
        _noGrad.Dispose();
        _scope.Dispose();
        _folder.Dispose();
    }

    private DiffusionPipelineBuilder Builder(string family) => new DiffusionPipelineBuilder().UseModelFolder(_folders[family], CPU);

    /// <summary>Records what is decoded.</summary>
    private sealed class Seen(LatentAutoencoder inner) : IAutoencoder
    {
        public Tensor? Latents { get; private set; }

        public DecodingContext? Context { get; private set; }

        public int LatentChannels => inner.LatentChannels;

        public int DownsamplingFactor => inner.DownsamplingFactor;

        public bool ReadsMaskedImage => inner.ReadsMaskedImage;

        public bool DrawsNoise => inner.DrawsNoise;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) =>
            inner.Encode(images, cancellationToken);

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Tensor Decode(Tensor latents, DecodingContext context, CancellationToken cancellationToken)
        {
            Latents = latents.clone().DetachFromDisposeScope();
            Context = context with
            {
                Image = context.Image?.clone().DetachFromDisposeScope(), Mask = context.Mask?.clone().DetachFromDisposeScope(),
            };
            return inner.Decode(latents, context, cancellationToken);
        }
    }
}
