using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Image prompts in whole generations: what they change, and what they leave.</summary>
public sealed class IpAdapterTests(IpAdapterFolders folders) : IClassFixture<IpAdapterFolders>
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = 3, Steps = 4, Width = TaskImages.Width, Height = TaskImages.Height,
    };

    private static readonly ImageBuffer s_other = TaskImages.Create(40, 25, (x, y) => ((byte)(255 - x * 5), (byte)(y * 9), 30));
    private static readonly ImageBuffer s_white = TaskImages.Create(5, 4, (_, _) => (255, 255, 255));
    private static readonly ImageBuffer s_black = TaskImages.Create(5, 4, (_, _) => (0, 0, 0));
    private static readonly ImageBuffer s_left = TaskImages.Create(24, 16, (x, _) => Grey(x < 12 ? 255 : 0));
    private static readonly ImageBuffer s_right = TaskImages.Create(24, 16, (x, _) => Grey(x < 12 ? 0 : 255));

    public static TheoryData<string, string> Models => new(
        from family in new[] { "sd1", "xl" } from kind in IpAdapterFolders.Kinds select (family, kind));

    [Theory, MemberData(nameof(Models))]
    public void An_image_prompt_changes_the_image_and_a_scale_of_0_does_not(string family, string kind)
    {
        using DiffusionPipeline plain = folders.Build(family), adapted = folders.Build(family, kind);
        byte[] without = Pixels(plain, s_request);
        Assert.Equal(without, Pixels(adapted, s_request));
        GenerationRequest prompted = With([TaskImages.Image]);
        byte[] with = Pixels(adapted, prompted);
        Assert.NotEqual(without, with);
        Assert.Equal(with, Pixels(adapted, prompted));
        Assert.NotEqual(with, Pixels(adapted, With([s_other])));
        Assert.NotEqual(with, Pixels(adapted, With([TaskImages.Image, s_other])));
        Assert.NotEqual(with, Pixels(adapted, Weighted(prompted, new IpAdapterWeight { Scale = 0.5 })));
        foreach (GenerationRequest off in new[]
        {
            Weighted(prompted, new IpAdapterWeight { Scale = 0 }),
            Weighted(prompted, new IpAdapterWeight { LayerScales = new Dictionary<string, double> { ["mid_block"] = 0 } }),
            // No evaluation of the four lies within them.
            Weighted(prompted, new IpAdapterWeight { Start = 0.3, End = 0.45 }),
        }) Assert.Equal(without, Pixels(adapted, off));
    }

    [Theory, MemberData(nameof(Models))]
    public void Saved_embeddings_match_their_images(string family, string kind)
    {
        using var folder = new TemporaryFolder();
        using DiffusionPipeline adapted = folders.Build(family, kind);
        ImageBuffer[] images = [TaskImages.Image, s_other];
        ImageEmbeds embeds = adapted.EncodeImagePrompt(images);
        Assert.Equal((2, kind != "plain", kind != "plain"), (embeds.Count, embeds.AreHiddenStates, embeds.HasNegative));
        Assert.Equal(
            kind == "plain" ? [2, TinyIpAdapters.Embedding] : [2, TinyIpAdapters.States, TinyIpAdapters.Hidden], embeds.Shape);
        byte[] expected = Pixels(adapted, With(images));
        Assert.Equal(expected, Pixels(adapted, Embedded(embeds)));
        embeds.Save(folder["embeds.safetensors"]);
        ImageEmbeds read = ImageEmbeds.Load(folder["embeds.safetensors"]);
        Assert.Equal(embeds.Shape, read.Shape);
        Assert.Equal(expected, Pixels(adapted, Embedded(read)));
        // The negative embeddings count, and those that are missing are made.
        var flipped = new ImageEmbeds([.. embeds.Shape], embeds.Values, embeds.Values);
        Assert.NotEqual(expected, Pixels(adapted, Embedded(flipped)));
        Assert.Equal(expected, Pixels(adapted, Embedded(new ImageEmbeds([.. embeds.Shape], embeds.Values, negative: null))));
    }

    [Theory, InlineData("plain"), InlineData("plus")]
    public void A_pickle_of_two_dictionaries_is_the_same_adapter(string kind)
    {
        using var folder = new TemporaryFolder();
        TinyIpAdapters.WritePickle(folder["adapter.bin"], folders["sd1", kind]);
        using DiffusionPipeline expected = folders.Build("sd1", kind);
        using DiffusionPipeline pickled = folders.Model("sd1").UseIpAdapter(folder["adapter.bin"], folders.Encoder).Build();
        Assert.Equal(Pixels(expected, With([TaskImages.Image])), Pixels(pickled, With([TaskImages.Image])));
    }

    [Fact]
    public void Masks_say_where_each_image_acts()
    {
        using DiffusionPipeline plain = folders.Build("sd1"), adapted = folders.Build("sd1", "plus");
        byte[] without = Pixels(plain, s_request), one = Pixels(adapted, With([TaskImages.Image]));
        Near(one, Pixels(adapted, With([TaskImages.Image], s_white)));
        Near(without, Pixels(adapted, With([TaskImages.Image], s_black)));
        Near(one, Pixels(adapted, With([TaskImages.Image, s_other], s_white, s_black)));
        byte[] sides = Pixels(adapted, With([TaskImages.Image, s_other], s_left, s_right));
        Assert.NotEqual(sides, Pixels(adapted, With([TaskImages.Image, s_other], s_right, s_left)));
        Assert.Equal(sides, Pixels(adapted, With([s_other, TaskImages.Image], s_right, s_left)));
    }

    [Fact]
    public void Masks_of_the_whole_image_are_cut_to_the_area_that_is_repainted()
    {
        using DiffusionPipeline adapted = folders.Build("sd1", "plus");
        ImageBuffer square = TaskImages.Create(24, 16, (x, y) => Grey(x is >= 16 and < 22 && y is >= 2 and < 6 ? 255 : 0));
        GenerationRequest Repainted(GenerationRequest request) => request with
        {
            InitialImage = TaskImages.Image, Mask = square, Strength = 1, Inpainting = new InpaintingOptions { MaskPadding = 0 },
        };
        byte[] without = Pixels(adapted, Repainted(s_request)), with = Pixels(adapted, Repainted(With([s_other])));
        Assert.NotEqual(without, with);
        Near(with, Pixels(adapted, Repainted(With([s_other], s_right))));
        Near(without, Pixels(adapted, Repainted(With([s_other], s_left))));
    }

    [Fact]
    public void Adapters_act_together_each_with_its_images_and_weight()
    {
        using DiffusionPipeline plus = folders.Build("sd1", "plus"), both = folders.Build("sd1", "plain", "plus");
        GenerationRequest request = s_request with
        {
            ImagePrompts = [new() { Images = [s_other] }, new() { Images = [TaskImages.Image, s_other] }],
        };
        GenerationResult result = both.Generate(request);
        byte[] expected = result.Images[0].Image.Rgb.ToArray();
        byte[] second = Pixels(plus, With([TaskImages.Image, s_other]));
        Assert.NotEqual(expected, second);
        Assert.Equal(second, Pixels(both, request with { IpAdapterWeights = [new() { Scale = 0 }, new()] }));
        Assert.NotEqual(expected, Pixels(both, request with { IpAdapterWeights = [new() { Start = 0.5 }, new()] }));
    }

    [Fact]
    public void Layers_have_scales_as_published()
    {
        using DiffusionPipeline adapted = folders.Build("xl", "plain");
        GenerationRequest prompted = With([TaskImages.Image]);
        byte[] all = Pixels(adapted, prompted);
        byte[] middle = Pixels(adapted, Weighted(prompted, IpAdapterWeight.ParseScale("""{"mid": 1.0}""")));
        byte[] style = Pixels(adapted, Weighted(prompted, IpAdapterWeight.ParseScale("""{"up": {"block_0": [0.0, 1.0]}}""")));
        Assert.Equal(3, new[] { all, middle, style }.Select(Convert.ToHexString).Distinct().Count());
        IpAdapterWeight everywhere = IpAdapterWeight.ParseScale("""{"down": 1, "mid": 1, "up": {"block_0": 1}}""");
        Assert.Equal(all, Pixels(adapted, Weighted(prompted, everywhere)));
        var paths = new Dictionary<string, double> { ["up_blocks"] = 0, ["up_blocks.0.attentions.1"] = 0.5 };
        Assert.Equal(style, Pixels(adapted, Weighted(prompted, new IpAdapterWeight { Scale = 2, LayerScales = paths })));
    }

    [Theory, InlineData("plain"), InlineData("plus")]
    public void Requests_that_share_evaluations_have_their_own_images(string kind)
    {
        using DiffusionPipeline single = folders.Build("sd1", kind);
        using DiffusionPipeline batched =
            folders.Model("sd1").UseIpAdapter(folders["sd1", kind]).Configure(o => o.BatchSize = 3).Build();
        GenerationRequest[] requests =
        [
            With([TaskImages.Image], s_left), With([s_other], s_right) with { Prompt = "b" }, With([s_black], s_white) with { Seed = 9 },
        ];
        IReadOnlyList<GenerationResult> together = batched.Generate(requests);
        for (int i = 0; i < requests.Length; i++) Near(Pixels(single, requests[i]), together[i].Images[0].Image.Rgb.ToArray());
        Assert.Contains(
            "requests[1].ImagePrompts is 2 images; expected 1 images",
            Assert.Throws<ArgumentException>(() => batched.Generate([With([s_other]), With([s_other, s_black])])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Guidance_in_separate_passes_and_without_a_negative_prompt_reads_its_own_tokens()
    {
        using DiffusionPipeline joined = folders.Build("sd1", "plus");
        var options = new ClassifierFreeGuidanceOptions { SeparatePasses = true };
        using DiffusionPipeline separate = folders.Model("sd1").UseIpAdapter(folders["sd1", "plus"])
            .UseGuidance(new ClassifierFreeGuidance(options)).Build();
        GenerationRequest prompted = With([TaskImages.Image]);
        Near(Pixels(joined, prompted), Pixels(separate, prompted));
        GenerationRequest unguided = prompted with { GuidanceScale = 1 };
        Assert.NotEqual(Pixels(joined, s_request with { GuidanceScale = 1 }), Pixels(joined, unguided));
    }

    [Fact]
    public void Step_caching_keeps_features_until_other_images_act()
    {
        DiffusionPipelineBuilder Model() => folders.Model("sd1").UseScheduler("ddim").UseIpAdapter(folders["sd1", "plain"]);
        DiffusionPipeline Cached(int interval) => Model().UseStepCaching(new StepCachingOptions { Interval = interval }).Build();
        using DiffusionPipeline plain = Model().Build(), complete = Cached(1), cached = Cached(2), rare = Cached(4);
        GenerationRequest prompted = With([TaskImages.Image]);
        byte[] expected = Pixels(plain, prompted);
        Assert.Equal(expected, Pixels(complete, prompted));
        Assert.NotEqual(expected, Pixels(cached, prompted));
        // The images begin to act at the third of four steps, where features are computed again in any case.
        GenerationRequest late = Weighted(prompted, new IpAdapterWeight { Start = 0.5 });
        Assert.Equal(Pixels(cached, late), Pixels(rare, late));
    }

    [Fact]
    public void Metadata_names_adapters_and_weights_and_reproduces_the_image()
    {
        using DiffusionPipeline adapted = folders.Model("sd1").UseIpAdapter(folders["sd1", "plain"], scale: 0.6, end: 0.75).Build();
        GenerationRequest prompted = Weighted(With([TaskImages.Image]), IpAdapterWeight.ParseScale("""{"mid": 1, "up": 0.5}"""));
        GeneratedImage image = adapted.Generate(prompted).Images[0];
        byte[] png = image.ToPng();
        IReadOnlyDictionary<string, string> texts = PngText.Read(png);
        Assert.Equal("[\"ip-adapter-plain_sd1\"]", texts["ip_adapters"]);
        Assert.Equal("given", texts["image_prompts"]);
        JsonNode weight = JsonNode.Parse(texts["ip_adapter_weights"])![0]!;
        Assert.Equal((0.6, 0, 0.75, 0.5), (
            (double)weight["scale"]!, (double)weight["start"]!, (double)weight["end"]!, (double)weight["layer_scales"]!["up_blocks"]!));
        GenerationRequest again = GenerationMetadata.ReadRequest(png, inputs: prompted);
        Assert.Equal(image.Image.Rgb.ToArray(), Pixels(adapted, again));
        Assert.Equal(again.IpAdapterWeights, adapted.Generate(again).Request.IpAdapterWeights);
    }

    private static GenerationRequest With(ImageBuffer[] images, params ImageBuffer[] masks) =>
        s_request with { ImagePrompts = [new ImagePrompt { Images = images, Masks = masks.Length == 0 ? null : masks }] };

    private static GenerationRequest Embedded(ImageEmbeds embeds) =>
        s_request with { ImagePrompts = [new ImagePrompt { Embeds = embeds }] };

    private static GenerationRequest Weighted(GenerationRequest request, IpAdapterWeight weight) =>
        request with { IpAdapterWeights = [weight] };

    private static (byte Red, byte Green, byte Blue) Grey(int level) => ((byte)level, (byte)level, (byte)level);

    private static byte[] Pixels(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private static void Near(byte[] expected, byte[] actual) =>
        Assert.All(expected.Zip(actual), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
}
