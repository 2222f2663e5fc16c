using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Once it is cancelled, a generation evaluates no network any more, wherever it is and however it was asked for.</summary>
[Collection(LiveTensors.Collection)]
public sealed class CancellationTests(TinyModel model, FamilyFolders families) : IClassFixture<TinyModel>, IClassFixture<FamilyFolders>
{
    // Both prompts, image and masked image are encoded; two images of two evaluations each, and of one in the second pass.
    private static readonly GenerationRequest s_request = ProbedModel.Request("a blue bird") with
    {
        NegativePrompt = "a star", Seed = 1, ImageCount = 2, Steps = 2, GuidanceScale = 4,
        InitialImage = TaskImages.Image, Strength = 1, Mask = TaskImages.Mask,
        Width = null, Height = null, Upscale = new LatentUpscaling { Width = 32, Height = 24, Strength = 0.5 },
    };

    private static readonly string[] s_work =
    [
        "text: a blue bird", "text: a star", "encode", "encode",
        "evaluate", "evaluate", "evaluate", "evaluate", "evaluate", "evaluate",
        "decode", "decode",
    ];

    public static TheoryData<string, int> Moments
    {
        get
        {
            var moments = new TheoryData<string, int>();
            foreach (string way in EveryWay.Names)
                for (int done = 0; done < s_work.Length; done++) moments.Add(way, done);
            return moments;
        }
    }

    [Theory, MemberData(nameof(Moments))]
    public async Task It_ends_with_the_evaluation_that_it_is_in(string way, int done)
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Build();
        long before = LiveTensors.Settled();
        using var cancellation = new CancellationTokenSource();
        if (done == 0) await cancellation.CancelAsync();
        probed.BeforeWork = _ =>
        {
            if (probed.Work.Count == done) cancellation.Cancel();
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => EveryWay.AskAsync(way, pipeline, s_request, cancellation.Token));
        Assert.Equal(s_work[..done], probed.Work);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public async Task Left_alone_it_does_all_of_it()
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Build();
        Assert.Equal(2, (await pipeline.GenerateAsync(s_request)).Images.Count);
        Assert.Equal(s_work, probed.Work);
    }

    [Fact]
    public async Task A_time_limit_stops_it_likewise()
    {
        foreach (string way in EveryWay.Names)
        {
            using var probed = new ProbedModel(model.Folder);
            using DiffusionPipeline pipeline = probed.Builder().Build();
            probed.BeforeWork = work =>
            {
                // Long enough for the timer on a busy machine.
                if (work == "text: a star") Thread.Sleep(500);
            };
            await Assert.ThrowsAsync<TimeoutException>(
                () => EveryWay.AskAsync(way, pipeline, s_request with { TimeLimit = TimeSpan.FromMilliseconds(50) }));
            Assert.Equal(s_work[..probed.Work.Count], probed.Work);
            Assert.InRange(probed.Work.Count, 0, 2);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void It_ends_between_the_evaluations_of_one_guided_step(bool perturbed)
    {
        using var cancellation = new CancellationTokenSource();
        var guidance = new Cancelling(cancellation, perturbed);
        using DiffusionPipeline pipeline = model.Builder().UseGuidance(guidance).Build();
        long before = LiveTensors.Settled();
        Assert.Throws<OperationCanceledException>(
            () => pipeline.Generate(new GenerationRequest { Prompt = "a blue bird", Seed = 1, Steps = 2 }, null, cancellation.Token));
        Assert.Equal(1, guidance.Evaluations);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void It_ends_between_guidance_passes_of_an_unaware_denoiser(bool perturbed)
    {
        IGuidance guidance = perturbed ? new PerturbedAttentionGuidance() : new ClassifierFreeGuidance(new() { SeparatePasses = true });
        var request = new GenerationRequest { Prompt = "a blue bird", Seed = 1, Steps = 2, GuidanceScale = 4 };
        using var cancellation = new CancellationTokenSource();
        int evaluations = 0;
        Action work = cancellation.Cancel;
        var denoiser = new Heedless(() =>
        {
            evaluations++;
            work();
        });
        using DiffusionPipeline pipeline = model.Builder().UseDenoiser(denoiser).UseGuidance(guidance).Build();
        long before = LiveTensors.Settled();
        Assert.Throws<OperationCanceledException>(() => pipeline.Generate(request, null, cancellation.Token));
        Assert.Equal(1, evaluations);

        // None if encoding the text took all the time.
        (evaluations, work) = (0, () => Thread.Sleep(1200));
        Assert.Throws<TimeoutException>(() => pipeline.Generate(request with { TimeLimit = TimeSpan.FromSeconds(1) }));
        Assert.InRange(evaluations, 0, 1);

        (evaluations, work) = (0, () => { });
        pipeline.Generate(request);
        Assert.Equal(4, evaluations);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void It_ends_between_the_networks_of_a_controlled_evaluation(int done)
    {
        using var folder = new TemporaryFolder();
        TinyControlNets.WriteModel(folder["two"], "sd1", 2);
        AssertStops(
            ["control 0", "control 1", "unet"], done, DiffusionModel.Open(folder["two"], CPU), b => b,
            ProbedModel.Request("ab a") with { ControlImages = [TaskImages.Image, TaskImages.Mask] });
    }

    [Theory]
    [InlineData("sd1", "ab BREAK a BREAK ab", true, new[] { "text", "text", "text" })]
    [InlineData("xl", "ab", false, new[] { "text", "text 2" })]
    [InlineData("xl", "ab BREAK a", true, new[] { "text", "text", "text 2", "text 2" })]
    public void It_ends_between_the_windows_and_the_towers_of_a_prompt(string family, string prompt, bool prompting, string[] work)
    {
        for (int done = 1; done <= work.Length; done++)
            AssertStops(
                work,
                done,
                DiffusionModel.Open(families[family], CPU),
                b => prompting ? b.UsePromptWeighting() : b,
                ProbedModel.Request(prompt));
    }

    /// <summary>Cancelled in a network, the generation evaluates no other; without cancellation it does all of this work.</summary>
    private static void AssertStops(
        string[] work,
        int done,
        DiffusionModel parts,
        Func<DiffusionPipelineBuilder, DiffusionPipelineBuilder> built,
        GenerationRequest request)
    {
        using var cancellation = new CancellationTokenSource();
        var told = new List<string>();
        int last = done;
        parts.Components!.Watch(name =>
        {
            if (!work.Contains(name)) return;
            told.Add(name);
            if (told.Count == last) cancellation.Cancel();
        });
        request = request with { Steps = 1, GuidanceScale = 1 };
        using DiffusionPipeline pipeline = built(new DiffusionPipelineBuilder().UseModel(_ => parts)).Build();
        long before = LiveTensors.Settled();
        Assert.Throws<OperationCanceledException>(() => pipeline.Generate(request, null, cancellation.Token));
        Assert.Equal(work[..done], told);

        (last, _) = (0, told.RemoveAll(_ => true));
        pipeline.Generate(request);
        Assert.Equal(work, told);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public async Task It_ends_while_the_first_preview_is_fitted()
    {
        using var probed = new ProbedModel(model.Folder);
        using DiffusionPipeline pipeline = probed.Builder().Build();
        GenerationRequest request = ProbedModel.Request("a blue bird");
        long before = LiveTensors.Settled();
        using var cancellation = new CancellationTokenSource();
        probed.BeforeWork = _ =>
        {
            if (Encodings() == 3) cancellation.Cancel();
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Previewed(cancellation.Token));
        Assert.Equal(3, Encodings());
        Assert.Equal(before, Tensor.TotalCount);

        probed.BeforeWork = null;
        Assert.Equal(2, await Previewed(CancellationToken.None));
        int fitted = Encodings();
        Assert.InRange(fitted, 7, 100);
        Assert.Equal(2, await Previewed(CancellationToken.None));
        Assert.Equal(fitted, Encodings());

        int Encodings() => probed.Work.Count(w => w == "encode");

        async Task<int> Previewed(CancellationToken token)
        {
            int previews = 0;
            await foreach (GenerationUpdate update in pipeline.GenerateStreamingAsync(request, 1, token)) previews += update.Previews.Count;
            return previews;
        }
    }

    [Fact]
    public async Task Cancelled_in_an_evaluation_it_makes_no_preview_of_it()
    {
        using var cancellation = new CancellationTokenSource();
        var preview = new Counted();
        using DiffusionPipeline pipeline = model.Builder().UseDenoiser(new Heedless(cancellation.Cancel)).UsePreview(preview).Build();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GenerationUpdate _
                in pipeline.GenerateStreamingAsync(ProbedModel.Request("a blue bird"), 1, cancellation.Token)) { }
        });
        Assert.Equal(0, preview.Decoded);
    }

    /// <summary>A user's own, which knows of no cancellation.</summary>
    private sealed class Heedless(Action work) : IDenoiser
    {
        public DenoiserDescription Description { get; } = new() { LatentChannels = 4, AttentionLayers = ["mid_block"] };

        public Tensor Predict(DenoiserInput input)
        {
            work();
            return input.Latents.clone();
        }
    }

    private sealed class Counted : ILatentPreview
    {
        public int Decoded { get; private set; }

        public Tensor Decode(Tensor latents)
        {
            Decoded++;
            return latents.narrow(1, 0, 3);
        }
    }

    /// <summary>Takes two evaluations a step, and is cancelled between them.</summary>
    private sealed class Cancelling(CancellationTokenSource cancellation, bool perturbed) : IGuidance
    {
        public int Evaluations { get; private set; }

        public bool NeedsUnconditional => false;

        public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale) => input =>
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor one = denoiser.Predict(input);
            Evaluations++;
            Cancel();
            var edits = new AttentionEdits { IdentityLayers = ["mid_block"] };
            Tensor other = denoiser.Predict(perturbed ? input with { AttentionEdits = edits } : input);
            Evaluations++;
            return new GuidedPrediction((one + other).MoveToOuterDisposeScope());
        };

        private void Cancel() => cancellation.Cancel();
    }
}
