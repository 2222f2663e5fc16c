using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Repainted images: what of them is preserved, and how the repainted area is chosen and put back.</summary>
public sealed class InpaintingTests(FamilyFolders folders) : IClassFixture<FamilyFolders>
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = 3, Steps = 3, GuidanceScale = 4, InitialImage = TaskImages.Image, Mask = TaskImages.Mask, Strength = 0.7,
    };

    [Theory]
    [InlineData("sd1", 1), InlineData("sd1", 0.7), InlineData("sd1-inpaint", 1), InlineData("sd1-inpaint", 0.7), InlineData("xl", 0.7)]
    public void Preserved_pixels_are_those_of_the_image(string family, double strength)
    {
        using DiffusionPipeline pipeline = Build(family);
        GenerationRequest request = s_request with { Strength = strength, ImageCount = 2 };
        GenerationResult whole = pipeline.Generate(request with { Inpainting = new() { PreservePixels = false } });
        GenerationResult result = pipeline.Generate(request);
        foreach ((GeneratedImage image, GeneratedImage generated) in result.Images.Zip(whole.Images))
        {
            Assert.Equal(Mixed(TaskImages.Image, generated.Image, TaskImages.IsRepainted), image.Image.Rgb.ToArray());
            Assert.NotEqual(generated.Image.Rgb.ToArray(), image.Image.Rgb.ToArray());
        }

        // Two passes preserve the pixels of the larger image.
        request = request with { Upscale = new LatentUpscaling { Width = 40, Height = 24, Strength = 0.5 }, Steps = 4 };
        ImageBuffer first = pipeline.Generate(request with { Inpainting = new() { PreservePixels = false } }).Images[0].Image;
        bool[] mask = RepaintMask.Repainted(TaskImages.Mask.Resize(40, 24));
        Assert.Equal(
            Mixed(TaskImages.Image.Resize(40, 24), first, (x, y) => mask[y * 40 + x]),
            pipeline.Generate(request).Images[0].Image.Rgb.ToArray());
    }

    [Theory, InlineData("image/png"), InlineData("image/jpeg"), InlineData("transparent")]
    public void Images_of_files_are_preserved_as_they_were_decoded(string type)
    {
        var codec = new SkiaImageCodec();
        byte[] file = type == "transparent" ? TransparentPng() : codec.Encode(TaskImages.Image, type, new Dictionary<string, string>());
        ImageBuffer image = codec.Decode(file, new RgbColor(200, 100, 50));
        ImageBuffer mask = codec.DecodeTransparency(file) ?? TaskImages.Mask;
        bool[] repainted = RepaintMask.Repainted(mask);
        Assert.Contains(true, repainted);
        Assert.Contains(false, repainted);
        using DiffusionPipeline pipeline = Build("sd1");
        GenerationRequest request = s_request with { InitialImage = image, Mask = mask };
        ImageBuffer generated = pipeline.Generate(request with { Inpainting = new() { PreservePixels = false } }).Images[0].Image;
        Assert.Equal(
            Mixed(image, generated, (x, y) => repainted[y * image.Width + x]), pipeline.Generate(request).Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void A_blur_blends_what_is_near_the_area()
    {
        using DiffusionPipeline pipeline = Build("sd1");
        ImageBuffer mask = Rectangle(0, 0, 6, 16);
        GenerationRequest request = s_request with { Mask = mask };
        ImageBuffer generated = pipeline.Generate(request with { Inpainting = new() { PreservePixels = false } }).Images[0].Image;
        ImageBuffer blended = pipeline.Generate(request with { Inpainting = new() { MaskBlur = 2 } }).Images[0].Image;
        byte[] sharp = pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
        for (int y = 0; y < TaskImages.Height; y++)
        {
            Assert.Equal(Row(generated, y, 0, 6), Row(blended, y, 0, 6));
            Assert.Equal(Row(TaskImages.Image, y, 12, 12), Row(blended, y, 12, 12));
            byte[] between = Row(blended, y, 6, 6), image = Row(TaskImages.Image, y, 6, 6), above = Row(generated, y, 6, 6);
            for (int i = 0; i < between.Length; i++)
                Assert.InRange(between[i], Math.Min(image[i], above[i]), Math.Max(image[i], above[i]));
        }

        Assert.NotEqual(sharp, blended.Rgb.ToArray());
        Assert.Equal(sharp, pipeline.Generate(request with { Inpainting = new() }).Images[0].Image.Rgb.ToArray());
    }

    [Theory, InlineData("sd1"), InlineData("sd1-inpaint")]
    public void A_mask_is_inverted_and_grows(string family)
    {
        using DiffusionPipeline pipeline = Build(family);
        ImageBuffer mask = Rectangle(6, 4, 8, 6);
        ImageBuffer rest = Create((x, y) => !(x is >= 6 and < 14 && y is >= 4 and < 10));
        Same(rest, new() { InvertMask = true });
        Same(Rectangle(3, 1, 14, 12), new() { MaskGrowth = 3 });
        Same(Rectangle(8, 6, 4, 2), new() { MaskGrowth = -2 });
        Same(Create((x, y) => !(x is >= 8 and < 12 && y is >= 6 and < 8)), new() { InvertMask = true, MaskGrowth = 2 });

        void Same(ImageBuffer expected, InpaintingOptions options) => Assert.Equal(
            Draw(pipeline, s_request with { Mask = expected }), Draw(pipeline, s_request with { Mask = mask, Inpainting = options }));
    }

    [Theory, InlineData("sd1"), InlineData("sd1-inpaint"), InlineData("xl")]
    public void Only_the_masked_area_is_generated_at_the_full_size(string family)
    {
        // Not of the sizes that the model generates.
        ImageBuffer image = TaskImages.Image.Resize(67, 45);
        ImageBuffer mask = Rectangle(40, 30, 6, 8, 67, 45);
        using DiffusionPipeline pipeline = Build(family);
        GenerationRequest request = s_request with { InitialImage = image, Mask = mask, Width = 32, Height = 16 };
        GenerationRequest unpreserved = request with { Inpainting = new() { MaskPadding = 2, PreservePixels = false } };
        ImageBuffer result = pipeline.Generate(unpreserved).Images[0].Image;
        Assert.Equal((67, 45), (result.Width, result.Height));

        // 6 x 8 and a padding of 2 are 10 x 12; twice as wide as high, 24 x 12 around the middle.
        ImageBuffer generated = pipeline.Generate(request with
        {
            InitialImage = image.Crop(31, 28, 24, 12), Mask = mask.Crop(31, 28, 24, 12), Inpainting = new() { PreservePixels = false },
        }).Images[0].Image.Resize(24, 12);
        byte[] expected = image.Rgb.ToArray();
        for (int y = 0; y < 12; y++) Row(generated, y, 0, 24).CopyTo(expected, 3 * ((28 + y) * 67 + 31));
        Assert.Equal(expected, result.Rgb.ToArray());

        bool[] repainted = RepaintMask.Repainted(mask);
        byte[] preserved = Draw(pipeline, request with { Inpainting = new() { MaskPadding = 2 } });
        Assert.Equal(Mixed(image, new ImageBuffer(67, 45, expected), (x, y) => repainted[y * 67 + x]), preserved);
        Assert.NotEqual(image.Rgb.ToArray(), preserved);

        // With two passes and several images.
        GenerationResult two = pipeline.Generate(request with
        {
            Width = 16, Height = 16, ImageCount = 2, Inpainting = new() { MaskPadding = 0, MaskBlur = 1 },
            Upscale = new LatentUpscaling { Width = 40, Height = 40, Strength = 0.7 },
        });
        Assert.Equal([(67, 45), (67, 45)], two.Images.Select(i => (i.Image.Width, i.Image.Height)));

        // The model's size, which is large, where none is given.
        GenerationRequest whole = pipeline.Generate(request with
        {
            Width = null, Height = null, Steps = 1, Strength = 1, Inpainting = new() { MaskPadding = 0 },
        }).Request;
        Assert.Equal(whole.Width, whole.Height);
        Assert.All(two.Images, i => Assert.Equal(Row(image, 0, 0, 67), Row(i.Image, 0, 0, 67)));
    }

    [Theory, InlineData(0.7), InlineData(1)]
    public void Masked_content_is_what_the_area_begins_from(double strength)
    {
        using IDisposable noGrad = no_grad();
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        Tensor repainted = Mask(), original = Start(MaskedContent.Original), nothing = Start(MaskedContent.LatentNothing),
            noise = Start(MaskedContent.LatentNoise), fill = Start(MaskedContent.Fill);
        // The noise at its level only, and once more in full.
        Tensor drawn = (noise - nothing)[repainted], ratio = nothing[repainted] / drawn;
        Assert.InRange((ratio - ratio[0]).abs().max().item<float>(), 0, 1e-3);
        Assert.True((fill - nothing)[repainted].abs().min().item<float>() > 0);
        if (strength == 1) return;
        Assert.Equal(0, (original - nothing)[repainted.logical_not()].abs().max().item<float>());
        Assert.Equal(0, (original - noise)[repainted.logical_not()].abs().max().item<float>());
        ImageBuffer filled = MaskFill.Apply(TaskImages.Image, RepaintMask.Repainted(TaskImages.Mask));
        Tensor expected = EveryStep.Record(folders["sd1"], "euler", s_request with { InitialImage = filled })[0];
        Assert.Equal(0, (fill - expected).abs().max().item<float>());

        Tensor Start(MaskedContent content) => EveryStep.Record(
            folders["sd1"], "euler", s_request with { Strength = strength, Inpainting = new() { MaskedContent = content } })[0];

        static Tensor Mask() => tensor(
            [.. Enumerable.Range(0, 96).Select(i => TaskImages.IsRepainted(i % 12 * 2, i / 12 * 2))], [1, 1, 8, 12]).expand(1, 4, 8, 12);
    }

    [Fact]
    public void Filled_areas_are_blended_with_the_image_and_not_the_filling()
    {
        using DiffusionPipeline pipeline = Build("sd1");
        foreach (MaskedContent content in Enum.GetValues<MaskedContent>())
        {
            ImageBuffer image = pipeline.Generate(s_request with { Inpainting = new() { MaskedContent = content } }).Images[0].Image;
            Assert.Equal(Mixed(TaskImages.Image, image, TaskImages.IsRepainted), image.Rgb.ToArray());
        }
    }

    [Fact]
    public void Images_with_different_masks_share_evaluations()
    {
        GenerationRequest[] requests =
        [
            s_request with { Inpainting = new() { MaskGrowth = 1, MaskedContent = MaskedContent.LatentNoise } },
            s_request with
            {
                Width = 24, Height = 16, InitialImage = TaskImages.Image.Resize(60, 40), Mask = TaskImages.Mask.Resize(60, 40),
                Inpainting = new() { MaskPadding = 4, MaskBlur = 2 }, Seed = 8,
            },
        ];
        using DiffusionPipeline separate = Build("sd1"), together = Build("sd1", b => b.Configure(o => o.BatchSize = 2));
        foreach ((GenerationRequest request, GenerationResult result) in requests.Zip(together.Generate(requests)))
            Assert.All(Draw(separate, request).Zip(result.Images[0].Image.Rgb.ToArray()), p => Assert.InRange(p.First - p.Second, -1, 1));
        Assert.Equal(
            requests.Select(r => Draw(separate, r)), separate.Generate(requests).Select(r => r.Images[0].Image.Rgb.ToArray()));
    }

    [Fact]
    public void Metadata_reproduces_the_image()
    {
        using DiffusionPipeline pipeline = Build("sd1");
        GenerationRequest request = s_request with
        {
            InitialImage = TaskImages.Image.Resize(41, 33), Mask = TaskImages.Mask.Resize(41, 33), Width = 24, Height = 16,
            Inpainting = new() { InvertMask = true, MaskGrowth = -1, MaskBlur = 1, MaskPadding = 3, MaskedContent = MaskedContent.Fill },
        };
        GeneratedImage image = pipeline.Generate(request).Images[0];
        Assert.Equal(
            """{"invert_mask":true,"mask_growth":-1,"mask_blur":1,"mask_padding":3,"masked_content":"fill","preserve_pixels":true}""",
            image.Metadata["inpainting"]);
        GenerationRequest again = GenerationMetadata.ReadRequest(image.ToPng(), inputs: request);
        Assert.Equal(request, again);
        Assert.Equal(image.Image.Rgb.ToArray(), Draw(pipeline, again));
        var texts = new Dictionary<string, string>(image.Metadata) { ["inpainting"] = """{"masked_content":"gravel"}""" };
        Assert.Contains("gravel", Assert.Throws<InvalidDataException>(() => GenerationMetadata.ToRequest(texts, request)).Message);
    }

    [Fact]
    public void Control_images_of_the_whole_image_are_cut_with_it()
    {
        using var folder = new TemporaryFolder();
        TinyControlNets.Write(folder["control"], "sd1", 0);
        using DiffusionPipeline pipeline = Build("sd1", b => b.UseControlNet(folder["control"]));
        ImageBuffer image = TaskImages.Image.Resize(48, 32), edges = TaskImages.Mask.Resize(48, 32), mask = Rectangle(8, 4, 8, 8, 48, 32);
        GenerationRequest request = s_request with
        {
            InitialImage = image, Mask = mask, Width = 16, Height = 16, ControlImages = [edges],
            Inpainting = new() { MaskPadding = 4, PreservePixels = false },
        };
        byte[] whole = Draw(pipeline, request);
        Assert.Equal(whole, Draw(pipeline, request with { ControlImages = [edges.Crop(4, 0, 16, 16)] }));
        Assert.NotEqual(whole, Draw(pipeline, request with { ControlImages = [edges.Resize(16, 16)] }));
    }

    public static TheoryData<InpaintingOptions, string> Refused => new()
    {
        { new() { MaskBlur = -1 }, "Inpainting.MaskBlur is -1; expected from 0 to 256." },
        { new() { MaskGrowth = 1025 }, "Inpainting.MaskGrowth is 1025; expected from -1024 to 1024." },
        { new() { MaskPadding = -2 }, "Inpainting.MaskPadding is -2; expected from 0 to 4096." },
        { new() { MaskedContent = (MaskedContent)9 }, "Inpainting.MaskedContent is 9; expected one of Original, Fill" },
        { new() { MaskBlur = 2, PreservePixels = false }, "Inpainting.MaskBlur is 2; expected 0 without PreservePixels." },
        {
            new() { MaskGrowth = -30, MaskPadding = 1 },
            "Mask is without a repainted pixel; expected at least one with Inpainting.MaskPadding"
        },
    };

    [Theory, MemberData(nameof(Refused))]
    public void Impossible_options_are_refused_by_name(InpaintingOptions options, string message)
    {
        using DiffusionPipeline pipeline = Build("sd1");
        Assert.StartsWith(
            message,
            Assert.Throws<ArgumentException>(() => pipeline.Generate(s_request with { Inpainting = options })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Options_need_a_mask_and_an_area_of_a_reasonable_size()
    {
        using DiffusionPipeline pipeline = Build("sd1");
        Assert.StartsWith(
            "Inpainting is InpaintingOptions",
            Assert.Throws<ArgumentException>(() => pipeline.Generate(s_request with { Mask = null, Inpainting = new() })).Message,
            StringComparison.Ordinal);
        GenerationRequest request = s_request with { Inpainting = new() { MaskPadding = 0 }, Width = 2, Height = 16384 };
        Assert.StartsWith(
            "Inpainting.MaskPadding is for an area of 24 x 196608 pixels; expected at most",
            Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message,
            StringComparison.Ordinal);

        // In proportion to the images, and larger than any image.
        byte[] white = new byte[3 * 11200 * 8];
        white.AsSpan().Fill(byte.MaxValue);
        var wide = new ImageBuffer(11200, 8, white);
        request = request with { InitialImage = wide, Mask = wide, Width = 2800 };
        Assert.StartsWith(
            "Inpainting.MaskPadding is for an area of 11200 x 65536 pixels; expected at most 715827863 pixels",
            Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message,
            StringComparison.Ordinal);
    }

    private DiffusionPipeline Build(string family, Action<DiffusionPipelineBuilder>? change = null)
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(folders[family], CPU);
        change?.Invoke(builder);
        return builder.Build();
    }

    private static byte[] Draw(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private static byte[] Row(ImageBuffer image, int y, int left, int width) =>
        image.Rgb.Slice(3 * (y * image.Width + left), 3 * width).ToArray();

    private static ImageBuffer Rectangle(
        int left, int top, int width, int height, int imageWidth = TaskImages.Width, int imageHeight = TaskImages.Height) => Create(
        (x, y) => x >= left && x < left + width && y >= top && y < top + height, imageWidth, imageHeight);

    private static ImageBuffer Create(Func<int, int, bool> white, int width = TaskImages.Width, int height = TaskImages.Height) =>
        TaskImages.Create(width, height, (x, y) => white(x, y) ? ((byte)255, (byte)255, (byte)255) : default);

    /// <summary>Generated pixels where they are repainted, and the image's elsewhere.</summary>
    private static byte[] Mixed(ImageBuffer image, ImageBuffer generated, Func<int, int, bool> isRepainted)
    {
        byte[] mixed = image.Rgb.ToArray();
        for (int i = 0; i < mixed.Length; i++)
            if (isRepainted(i / 3 % image.Width, i / 3 / image.Width)) mixed[i] = generated.Rgb[i];
        return mixed;
    }

    /// <summary>The image with a hole, and half transparent at its right.</summary>
    private static byte[] TransparentPng()
    {
        using var bitmap = new SkiaSharp.SKBitmap(
            new SkiaSharp.SKImageInfo(TaskImages.Width, TaskImages.Height, SkiaSharp.SKColorType.Rgba8888, SkiaSharp.SKAlphaType.Unpremul));
        for (int y = 0; y < TaskImages.Height; y++)
        {
            for (int x = 0; x < TaskImages.Width; x++)
            {
                byte[] rgb = Row(TaskImages.Image, y, x, 1);
                bitmap.SetPixel(x, y, new(rgb[0], rgb[1], rgb[2], (byte)(TaskImages.IsRepainted(x, y) ? 0 : x > 20 ? 190 : 255)));
            }
        }

        using SkiaSharp.SKData data = bitmap.Encode(SkiaSharp.SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
