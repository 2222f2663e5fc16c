using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Pipelines.Tasks;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Ecosystem;

/// <summary>Once it is cancelled, a generation evaluates no network any more, wherever it is and however it was asked for.</summary>
[Collection(LiveTensors.Collection)]
public sealed class CancellationTests(TinyModel model) : IClassFixture<TinyModel>
{
    // Both prompts, picture and masked picture are encoded; two pictures of two evaluations each, and of one in the second pass.
    private static readonly GenerationRequest s_request = ProbedModel.Request("a blue bird") with
    {
        NegativePrompt = "a star", Seed = 1, Count = 2, Steps = 2, GuidanceScale = 4, InitialImage = TaskPictures.Image, Strength = 1, Mask = TaskPictures.Mask,
        Width = null, Height = null, Upscale = new LatentUpscaling { Width = 32, Height = 24, Strength = 0.5 },
    };

    private static readonly string[] s_work =
    [
        "text: a blue bird", "text: a star", "encode", "encode", "evaluate", "evaluate", "evaluate", "evaluate", "evaluate", "evaluate", "decode", "decode",
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
            await Assert.ThrowsAsync<TimeoutException>(() => EveryWay.AskAsync(way, pipeline, s_request with { TimeLimit = TimeSpan.FromMilliseconds(50) }));
            Assert.Equal(s_work[..probed.Work.Count], probed.Work);
            Assert.InRange(probed.Work.Count, 0, 2);
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void It_ends_between_the_evaluations_that_guidance_takes_in_one_step(bool perturbed)
    {
        using var cancellation = new CancellationTokenSource();
        var guidance = new Cancelling(cancellation, perturbed);
        using DiffusionPipeline pipeline = model.Builder().UseGuidance(guidance).Build();
        long before = LiveTensors.Settled();
        Assert.Throws<OperationCanceledException>(() => pipeline.Generate(new GenerationRequest { Prompt = "a blue bird", Seed = 1, Steps = 2 }, null, cancellation.Token));
        Assert.Equal(1, guidance.Evaluations);
        Assert.Equal(before, Tensor.TotalCount);
    }

    /// <summary>Takes two evaluations a step, and is cancelled between them.</summary>
    private sealed class Cancelling(CancellationTokenSource cancellation, bool perturbed) : IGuidance
    {
        public int Evaluations { get; private set; }

        public bool NeedsUnconditional => false;

        public IDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale) =>
            new Guided(this, denoiser, perturbed ? ((IPerturbableDenoiser)denoiser).Perturb(["mid"]) : denoiser);

        private sealed class Guided(Cancelling owner, IDenoiser first, IDenoiser second) : IDenoiser
        {
            public int InChannels => first.InChannels;

            public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning)
            {
                using DisposeScope scope = NewDisposeScope();
                Tensor one = first.Predict(latents, timestep, conditioning);
                owner.Evaluations++;
                owner.Cancel();
                Tensor other = second.Predict(latents, timestep, conditioning);
                owner.Evaluations++;
                return (one + other).MoveToOuterDisposeScope();
            }
        }

        private void Cancel() => cancellation.Cancel();
    }
}
