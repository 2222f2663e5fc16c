using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>No tensor outlives a call of a pipeline.</summary>
[Collection(LiveTensors.Collection)]
public sealed class PipelineLeakTests(WarmPipelines pipelines) : IClassFixture<WarmPipelines>
{
    public static TheoryData<string> Pipelines => new(WarmPipelines.Names);

    public static TheoryData<string> Ways => new(EveryWay.Names);

    // Those that can sample from a model with discrete timesteps.
    public static TheoryData<string> Schedulers =>
        [.. KnownSchedulers.All.Select(s => s.Name).Where(n => n != "ipndm" && !n.StartsWith("edm-") && !n.StartsWith("flow-"))];

    public static TheoryData<string, string> Tasks
    {
        get
        {
            string[] tasks = ["image to image", "inpainting", "only masked", "two passes", "two passes with a mask", "variation"];
            string[] names =
            [
                "sd1", "sd2", "xl", "xl-refiner", "sd1 guided", "sd1 batched", "sd1 tiled", "sd1 syntax", "sd1 masked",
                "sd1 sampled", "xl refined",
            ];
            var all = new TheoryData<string, string>();
            foreach (string name in names)
                foreach (string task in tasks) all.Add(name, task);
            return all;
        }
    }

    [NoTensorLeaks, Theory, MemberData(nameof(Pipelines))]
    public void A_generation_leaves_no_tensor(string name) =>
        Assert.Equal(2, pipelines[name].Generate(WarmPipelines.Request(name)).Images.Count);

    [NoTensorLeaks, Theory, MemberData(nameof(Pipelines))]
    public void A_cancelled_generation_leaves_no_tensor(string name)
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new Cancelling(cancellation, evaluations: 2);
        GenerationRequest request = WarmPipelines.Request(name);
        Assert.Throws<OperationCanceledException>(() => pipelines[name].Generate(request, progress, cancellation.Token));
    }

    [NoTensorLeaks, Theory, MemberData(nameof(Tasks))]
    public void A_task_leaves_no_tensor(string name, string task)
    {
        GenerationRequest text = WarmPipelines.Request(name) with { Steps = 5 };
        GenerationRequest image = text with { InitialImage = TaskImages.Image, Strength = 0.8 };
        var larger = new LatentUpscaling { Width = 40, Height = 24, Strength = 0.6 };
        pipelines[name].Generate(task switch
        {
            "image to image" => image,
            "inpainting" => image with { Mask = TaskImages.Mask },
            "only masked" => image with
            {
                Mask = TaskImages.Mask, Inpainting = new() { MaskPadding = 2, MaskBlur = 1, MaskedContent = MaskedContent.LatentNoise },
            },
            "two passes" => text with { Upscale = larger },
            "two passes with a mask" => image with { Mask = TaskImages.Mask, Upscale = larger },
            _ => text with { VariationSeed = 9 },
        });
    }

    [NoTensorLeaks, Theory, MemberData(nameof(Schedulers))]
    public void Every_scheduler_leaves_no_tensor(string scheduler)
    {
        DiffusionModel model = pipelines["sd1"].Model!;
        Assert.True(KnownSchedulers.TryGet(scheduler, out KnownScheduler? known));
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseTextEncoder(model.TextEncoder).UseDenoiser(model.Denoiser).UseAutoencoder(model.Autoencoder)
            .UseScheduler(known.Create(model.SchedulerConfig)).Build();
        GenerationRequest request = WarmPipelines.Request("sd1") with { Steps = 5 };
        Assert.Equal(2, pipeline.Generate(request).Images.Count);
        if (scheduler != "pndm")
            pipeline.Generate(request with { InitialImage = TaskImages.Image, Mask = TaskImages.Mask, Strength = 0.8 });
    }

    [NoTensorLeaks, Theory, MemberData(nameof(Ways))]
    public async Task Every_way_to_generate_leaves_no_tensor(string way) =>
        Assert.Equal(2, (await EveryWay.AskAsync(way, pipelines["xl"], WarmPipelines.Request("xl"))).Images.Count);

    [NoTensorLeaks, Theory, MemberData(nameof(Pipelines))]
    public void Encoding_leaves_nothing_but_its_result(string name)
    {
        using Conditioning prompts = pipelines[name].Encode(["ab", "(ab:1.2) a b a b ab ab a b a ab b"]);
        using Conditioning none = pipelines[name].EncodeUnconditional(2);
        Assert.Equal((2, 2), (prompts.BatchSize, none.BatchSize));
    }

    [NoTensorLeaks, Fact]
    public void A_refused_request_leaves_no_tensor()
    {
        GenerationRequest request = WarmPipelines.Request("sd1");
        Assert.Throws<ArgumentException>(() => pipelines["sd1"].Generate(request with { Width = 17 }));
        Assert.Throws<ArgumentException>(() => pipelines["sd1"].Generate(request with { Mask = TaskImages.Mask }));
    }

    private sealed class Cancelling(CancellationTokenSource cancellation, int evaluations) : IProgress<GenerationProgress>
    {
        private int _reports;

        void IProgress<GenerationProgress>.Report(GenerationProgress value)
        {
            if (++_reports == evaluations) cancellation.Cancel();
        }
    }
}
