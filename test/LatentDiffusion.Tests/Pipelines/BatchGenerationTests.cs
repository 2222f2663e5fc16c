using System.Diagnostics;
using LatentDiffusion.Tests.Diagnostics;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Several requests generated together: each has the images that it has alone.</summary>
[Collection(LiveTensors.Collection)]
public sealed class BatchGenerationTests(TinyModel model, FamilyFolders folders) : IClassFixture<TinyModel>, IClassFixture<FamilyFolders>
{
    private static readonly GenerationRequest s_bird = new() { Prompt = "a blue bird", Seed = 7, Steps = 4, GuidanceScale = 3 };

    private static readonly GenerationRequest[] s_requests =
    [
        s_bird,
        s_bird with { Prompt = "a star", NegativePrompt = "a blue bird", Seed = 1, ImageCount = 2 },
        s_bird with { Prompt = "a drawing of a star", Seed = 7, VariationSeed = 9 },
    ];

    [Fact]
    public void Each_request_has_its_own_prompts_and_seed()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        IReadOnlyList<GenerationResult> results = pipeline.Generate(
        [
            new GenerationRequest { Prompt = "a blue bird", NegativePrompt = "a star", Seed = 7, Steps = 4 },
            new GenerationRequest { Prompt = "a star", Seed = 1, ImageCount = 2, Steps = 4 },
        ]);

        Assert.Equal(["a blue bird", "a star"], results.Select(r => r.Request.Prompt));
        Assert.Equal([7, 1, 2], results.SelectMany(r => r.Images).Select(i => i.Seed));
        Assert.Equal(["a star", ""], results.Select(r => r.Images[0].Metadata["negative_prompt"]));

        // Each file says how to make its image alone.
        byte[] png = results[1].Images[1].ToPng(timings: false);
        Assert.Equal(png, pipeline.Generate(GenerationMetadata.ReadRequest(png)).Images[0].ToPng(timings: false));
    }

    [Fact]
    public void Images_that_share_no_evaluations_are_those_alone_to_the_byte()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        Assert.Equal(Files(Alone(pipeline, s_requests)), Files(pipeline.Generate(s_requests)));
    }

    [Fact]
    public void Images_that_share_evaluations_differ_only_by_rounding()
    {
        using var probed = new ProbedModel(model.Folder);
        GenerationRequest[] requests = [.. s_requests.Select(r => r with { Width = 16, Height = 16 })];
        using DiffusionPipeline single = probed.Builder().Build(), batched = probed.Builder().Configure(o => o.BatchSize = 4).Build();
        GenerationResult[] alone = Alone(single, requests);
        probed.Work.Clear();
        var seen = new List<GenerationProgress>();
        Close(alone, batched.Generate(requests, new Report(seen.Add)));

        // Four images in four evaluations.
        Assert.Equal(4, probed.Work.Count(w => w == "evaluate"));
        Assert.Equal([(1, 4), (2, 4), (3, 4), (4, 4)], seen.Select(p => (p.CompletedSteps, p.TotalSteps)));
    }

    [Fact]
    public void Long_prompts_beside_short_ones_change_neither()
    {
        string longer = string.Concat(Enumerable.Repeat("a blue bird ", 10));
        GenerationRequest[] requests =
        [
            s_bird,
            s_bird with { Prompt = longer },
            s_bird with { NegativePrompt = longer },
            s_bird with { Prompt = "a star" },
        ];
        using DiffusionPipeline single = model.Builder().UsePromptWeighting().Build();
        using DiffusionPipeline batched = model.Builder().UsePromptWeighting().Configure(o => o.BatchSize = 3).Build();
        GenerationResult[] alone = Alone(single, requests);
        Assert.Equal(Files(alone), Files(single.Generate(requests)));
        Close(alone, batched.Generate(requests));
    }

    [Fact]
    public void Tokens_that_are_filled_in_are_not_attended_to()
    {
        using DisposeScope scope = NewDisposeScope();
        using var shorter = new Conditioning(ones(1, 2, 3));
        using var longer = new Conditioning(ones(1, 4, 3));
        Conditioning joined = JoinedConditioning.Create([shorter, longer]);
        Assert.Equal([2, 4, 3], joined.HiddenStates.shape);
        Assert.Equal([1, 1, 0, 0, 1, 1, 1, 1], joined.Mask!.data<float>().ToArray());
        Assert.Null(JoinedConditioning.Create([longer, longer]).Mask);
    }

    public static TheoryData<string, string> Tasks => new()
    {
        { "sd1", "image" },
        { "sd1", "mask" },
        { "sd1", "two passes" },
        { "sd1-inpaint", "mask" },
        { "xl", "sizes" },
        { "xl", "refiner" },
        { "sd1", "control" },
    };

    [Theory, MemberData(nameof(Tasks))]
    public void Every_task_has_inputs_of_its_own(string family, string task)
    {
        using var folder = new TemporaryFolder();
        ImageBuffer turned = TaskImages.Create(24, 16, (x, y) => ((byte)(y * 10), (byte)(x * 7), 90));
        ImageBuffer half = TaskImages.Create(24, 16, (x, _) => x < 12 ? ((byte)0, (byte)0, (byte)0) : ((byte)255, (byte)255, (byte)255));
        var first = new GenerationRequest { Prompt = "ab a", Seed = 3, Steps = 5, GuidanceScale = 4, Width = 24, Height = 16 };
        GenerationRequest second = first with { Prompt = "a ab", NegativePrompt = "ab", Seed = 8 };
        (first, second) = task switch
        {
            "image" => (
                first with { InitialImage = TaskImages.Image, Strength = 0.6 },
                second with { InitialImage = turned, Strength = 0.6 }),
            "mask" => (
                first with { InitialImage = TaskImages.Image, Mask = TaskImages.Mask },
                second with { InitialImage = turned, Mask = half }),
            "two passes" => (TwoPasses(first), TwoPasses(second) with { InitialImage = turned, Mask = half }),
            "sizes" => (
                first with { SizeConditioningInput = new() { CropLeft = 9 } },
                second with { NegativeSizeConditioningInput = new() { OriginalWidth = 100 } }),
            "control" => (first with { ControlImages = [TaskImages.Image] }, second with { ControlImages = [turned] }),
            _ => (first, second),
        };
        if (task == "control") TinyControlNets.Write(folder["control"], family, 0);

        using DiffusionPipeline single = Builder().Build(), batched = Builder().Configure(o => o.BatchSize = 2).Build();
        GenerationRequest[] requests = [first, second];
        GenerationResult[] alone = Alone(single, requests);
        Assert.Equal(Files(alone), Files(single.Generate(requests)));
        Close(alone, batched.Generate(requests));

        static GenerationRequest TwoPasses(GenerationRequest one) =>
            one with
            {
                InitialImage = TaskImages.Image,
                Mask = TaskImages.Mask,
                Upscale = new LatentUpscaling { Width = 32, Height = 24 },
            };

        DiffusionPipelineBuilder Builder()
        {
            DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(folders[family], CPU).UseScheduler("euler-a");
            if (task == "control") builder.UseControlNet(folder["control"]);
            return task == "refiner" ? builder.UseRefiner(folders["xl-refiner"], 0.5) : builder;
        }
    }

    [Fact]
    public void Cached_texts_are_kept_when_other_images_come()
    {
        // The negative prompt, which all share, is the oldest of the texts when the ninth image comes.
        GenerationRequest[] requests =
        [
            .. Enumerable.Range(0, 10).Select(i => s_bird with { Prompt = $"a star {new string('a', i)}", Seed = (ulong)i }),
        ];
        using DiffusionPipeline pipeline = model.Builder().UseStepCaching(new StepCachingOptions { Interval = 4 })
            .UseGuidance(new ClassifierFreeGuidance(new() { SeparatePasses = true })).Build();
        Assert.Equal(Files(Alone(pipeline, requests)), Files(pipeline.Generate(requests)));
    }

    public static TheoryData<GenerationRequest, string> Different => new()
    {
        { s_bird with { Width = 24 }, "requests[1].Width is 24; expected 16, as in requests[0]" },
        { s_bird with { Height = 24 }, "requests[1].Height is 24; expected 16, as in requests[0]" },
        { s_bird with { Steps = 5 }, "requests[1].Steps is 5; expected 4, as in requests[0]: their images share evaluations" },
        { s_bird with { GuidanceScale = 1.5 }, "requests[1].GuidanceScale is 1.5; expected 3" },
        { s_bird with { InitialImage = TaskImages.Image.Resize(16, 16) }, "requests[1].InitialImage is given; expected null" },
        {
            s_bird with { Upscale = new() { Width = 32, Height = 32 } },
            "requests[1].Upscale is LatentUpscaling { Width = 32, Height = 32, Strength = 0.7, Steps = , Upscaler =  }; expected null"
        },
        { s_bird with { TimeLimit = TimeSpan.FromHours(1) }, "requests[1].TimeLimit is 01:00:00; expected null" },
        { s_bird with { Seed = null, Steps = 0 }, "requests[1]: Steps is 0; expected from 1 to 1000." },
        { s_bird with { ImageCount = 1024 }, "requests is for 1025 images; expected at most 1024." },
        { null!, "requests[1] is null; expected a request." },
    };

    [Theory, MemberData(nameof(Different))]
    public void Requests_that_cannot_share_evaluations_are_refused(GenerationRequest other, string message)
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        var e = Assert.Throws<ArgumentException>(() => pipeline.Generate([s_bird, other], new Report(_ => Assert.Fail("work was done"))));
        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_request_or_embeddings_of_another_kind_are_refused()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        Assert.StartsWith(
            "requests is empty; expected at least one request.",
            Assert.Throws<ArgumentException>(() => pipeline.Generate([])).Message,
            StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentNullException>(() => pipeline.GenerateAsync((IReadOnlyList<GenerationRequest>)null!));

        using Conditioning pooled = new(zeros(1, 16, 16), zeros(1, 8)), negative = new(zeros(1, 16, 16), zeros(1, 8));
        GenerationRequest embedded = s_bird with { PromptEmbeds = pooled, NegativePromptEmbeds = negative };
        Assert.StartsWith(
            "requests[1].PromptEmbeds is of width 16 and pooled to 8; expected of width 16 and not pooled, as in requests[0]",
            Assert.Throws<ArgumentException>(() => pipeline.Generate([s_bird, embedded])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_property_is_either_shared_or_each_requests_own()
    {
        string[] own =
        [
            nameof(GenerationRequest.Prompt), nameof(GenerationRequest.NegativePrompt),
            nameof(GenerationRequest.PromptEmbeds), nameof(GenerationRequest.NegativePromptEmbeds),
            nameof(GenerationRequest.Seed), nameof(GenerationRequest.VariationSeed),
            nameof(GenerationRequest.VariationStrength), nameof(GenerationRequest.ImageCount), nameof(GenerationRequest.ClipSkip),
            nameof(GenerationRequest.FinalUpscale), nameof(GenerationRequest.Inpainting), nameof(GenerationRequest.AdapterImages),
            nameof(GenerationRequest.ControlImages), nameof(GenerationRequest.SizeConditioningInput),
            nameof(GenerationRequest.NegativeSizeConditioningInput),
        ];
        Assert.Equal(
            typeof(GenerationRequest).GetProperties().Where(p => p.SetMethod is not null).Select(p => p.Name).Order(StringComparer.Ordinal),
            own.Concat(RequestSettings.All.Where(s => s.IsShared).Select(s => s.Name)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Cancelling_stops_all_of_them_and_leaves_no_tensor()
    {
        using DiffusionPipeline pipeline = model.Builder().Configure(o => o.BatchSize = 3).Build();
        pipeline.Generate(s_requests);
        long before = LiveTensors.Settled();
        pipeline.Generate(s_requests);
        Assert.Equal(before, Tensor.TotalCount);

        using var cancellation = new CancellationTokenSource();
        int last = 0;
        Assert.Throws<OperationCanceledException>(() => pipeline.Generate(
            s_requests, new Report(p => { last = p.CompletedSteps; if (last == 6) cancellation.Cancel(); }), cancellation.Token));
        Assert.Equal(6, last);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void They_are_one_generation_to_time_limits_and_telemetry()
    {
        using var recorder = new TelemetryRecorder(LatentDiffusionDiagnostics.ActivitySourceName, "together");
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Configure(o => o.ModelId = "together").Build();
        GenerationRequest[] requests = [ProbedModel.Request("a star"), ProbedModel.Request("a blue bird") with { ImageCount = 2 }];
        pipeline.Generate(requests);
        Activity span = Assert.Single(recorder.Spans);
        Assert.Equal(3, span.GetTagItem("gen_ai.request.choice.count"));
        Assert.Equal([3], recorder.Values("latent_diffusion.image.count"));

        probed.BeforeEvaluation = () => Thread.Sleep(500);
        probed.Work.Clear();
        Assert.Throws<TimeoutException>(() =>
            pipeline.Generate([.. requests.Select(r => r with { TimeLimit = TimeSpan.FromMilliseconds(100) })]));
        Assert.InRange(probed.Work.Count(w => w == "evaluate"), 0, 1);
    }

    private static GenerationResult[] Alone(DiffusionPipeline pipeline, IEnumerable<GenerationRequest> requests) =>
        [.. requests.Select(r => pipeline.Generate(r))];

    private static byte[][] Files(IEnumerable<GenerationResult> results) =>
        [.. results.SelectMany(r => r.Images).Select(i => i.ToPng(timings: false))];

    private static void Close(IEnumerable<GenerationResult> expected, IEnumerable<GenerationResult> actual)
    {
        foreach ((GeneratedImage one, GeneratedImage other) in expected.SelectMany(r => r.Images).Zip(actual.SelectMany(r => r.Images)))
            Assert.All(one.Image.Rgb.ToArray().Zip(other.Image.Rgb.ToArray()), p => Assert.InRange(p.First - p.Second, -1, 1));
    }

    private sealed class Report(Action<GenerationProgress> action) : IProgress<GenerationProgress>
    {
        void IProgress<GenerationProgress>.Report(GenerationProgress value) => action(value);
    }
}
