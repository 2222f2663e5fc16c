namespace LatentDiffusion.Tests.Pipelines.Soak;

/// <summary>Draws the generations of a soak: the tasks one after the other, and all else at random.</summary>
internal sealed class SoakPlan : IDisposable
{
    private const double StoppedFraction = 0.3;

    private static readonly string[] s_prompts = ["a blue bird", "a drawing of a star", "a drawing of a blue star", "", "star"];
    private static readonly string[] s_negative = ["", "", "a star", " "];

    private static readonly double[] s_scales = [1, 4, 7.5];

    private static readonly int[] s_sizes = [16, 24];

    private static readonly ImageBuffer s_image = Image((x, y) => ((byte)(x * 10), (byte)(y * 15), (byte)((x * y * 7 + 40) % 256)));

    private static readonly ImageBuffer s_mask = Image((x, y) => (x * 3 + y * 5) % 31 < 14 ? ((byte)255, (byte)255, (byte)255) : default);

    private readonly SoakModels _models;
    private readonly Random _random;
    private readonly Conditioning[] _between;
    private readonly (string Name, Func<SoakPlanned> Draw)[] _tasks;

    /// <summary>Makes a plan.</summary>
    /// <param name="models">The models.</param>
    /// <param name="seed">The same seed gives the same generations, except for the moments of those stopped after
    /// some time.</param>
    public SoakPlan(SoakModels models, int seed)
    {
        (_models, _random) = (models, new Random(seed));
        _between = [models.Between(0.25), models.Between(0.5)];
        _tasks =
        [
            ("text to image", () => new(Any(models.Plain), Text())),
            ("image to image", () => new(Any(models.Plain), WithImage(Text()))),
            ("inpainting", () => new(Any(models.Plain), WithImage(Text()) with { Mask = s_mask })),
            ("inpainting model", () => new(
                Any(models.Inpainting),
                WithImage(Text()) with { Mask = s_mask, Strength = _random.Next(2) == 0 ? 1 : 0.7 })),
            ("ControlNet", Controlled),
            ("two passes", () => new(Any(models.Plain), Upscaled(Text()))),
            ("two passes, inpainting", () => new(
                _random.Next(2) == 0 ? Any(models.Plain) : Any(models.Inpainting),
                Upscaled(WithImage(Text()) with { Mask = s_mask }))),
            ("variation", () => new(Any(models.Plain), Text() with { VariationSeed = Seed(), VariationStrength = _random.NextDouble() })),
            ("between prompts", () => new(Any(models.Plain), Text() with { PromptEmbeds = Any(_between) })),
            ("weights and long prompts", () => new(
                Any(models.Prompting),
                Text() with { Prompt = "a (blue:1.3) bird BREAK a [star] and a drawing of a blue bird and a star" })),
            ("two text towers", () => new(Any(models.Towers), _random.Next(2) == 0 ? Text() : WithImage(Text()))),
        ];
        if (models.Drawings is { } drawings)
            _tasks = [.. _tasks, ("drawings", () => new(drawings, Text() with { Width = null, Height = null, Steps = 2 }))];
    }

    /// <summary>The kinds of generation.</summary>
    public IEnumerable<string> Tasks => _tasks.Select(t => t.Name);

    /// <summary>So many generations.</summary>
    public SoakJob[] Draw(int generations) =>
    [
        .. Enumerable.Range(0, generations).Select(i =>
        {
            (string name, Func<SoakPlanned> draw) = _tasks[i % _tasks.Length];
            (DiffusionPipeline pipeline, GenerationRequest request) = draw();
            return new SoakJob(name, pipeline, request, Any(Enum.GetValues<SoakWay>()), Stop());
        }),
    ];

    public void Dispose()
    {
        foreach (Conditioning between in _between) between.Dispose();
    }

    private SoakStop? Stop()
    {
        if (_random.NextDouble() >= StoppedFraction) return null;
        return _random.Next(2) == 0
            ? new SoakStop(_random.Next(10), null)
            : new SoakStop(null, TimeSpan.FromMilliseconds(_random.Next(150)));
    }

    private GenerationRequest Text() => new()
    {
        Prompt = Any(s_prompts), NegativePrompt = Any(s_negative), Seed = Seed(), ImageCount = 1 + _random.Next(3),
        Steps = 3 + _random.Next(3),
        GuidanceScale = Any(s_scales), Width = Any(s_sizes), Height = Any(s_sizes),
    };

    private GenerationRequest WithImage(GenerationRequest request) =>
        request with { InitialImage = s_image, Strength = 0.4 + 0.6 * _random.NextDouble() };

    private static GenerationRequest Upscaled(GenerationRequest request) =>
        request with { Upscale = new LatentUpscaling { Width = 32, Height = 24, Strength = 0.6 } };

    private SoakPlanned Controlled()
    {
        DiffusionPipeline pipeline = Any(_models.Controlled);
        int controls = pipeline == _models.Controlled[0] ? 1 : 2;
        GenerationRequest request = (_random.Next(2) == 0 ? Text() : WithImage(Text())) with
        {
            ControlImages = [.. Enumerable.Repeat(s_mask, controls)],
        };
        if (_random.Next(2) == 0) return new(pipeline, request);
        var weight = new ControlWeight { Scale = _random.NextDouble() };
        return new(pipeline, request with { ControlWeights = [.. Enumerable.Repeat(weight, controls)] });
    }

    private T Any<T>(IReadOnlyList<T> all) => all[_random.Next(all.Count)];

    private ulong Seed() => (ulong)_random.NextInt64();

    private static ImageBuffer Image(Func<int, int, (byte Red, byte Green, byte Blue)> colour)
    {
        const int Width = 24, Height = 16;
        var rgb = new byte[Width * Height * 3];
        for (int i = 0; i < Width * Height; i++) (rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]) = colour(i % Width, i / Width);
        return new ImageBuffer(Width, Height, rgb);
    }

    private readonly record struct SoakPlanned(DiffusionPipeline Pipeline, GenerationRequest Request);
}
