#pragma warning disable MEAI001 // IImageGenerator is experimental.
using Microsoft.Extensions.AI;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Impossible requests are refused by every entry point before a network is evaluated; messages name value and rule.</summary>
[Collection(LiveTensors.Collection)]
public sealed class RefusalTests : IClassFixture<TinyModel>, IClassFixture<FamilyFolders>, IDisposable
{
    private static readonly GenerationRequest s_text = ProbedModel.Request("a blue bird");

    private static readonly GenerationRequest s_image = s_text with { InitialImage = TaskImages.Image, Width = null, Height = null };

    private readonly ProbedModel _model;
    private readonly DiffusionPipeline _pipeline;
    private readonly TinyModel _folder;
    private readonly FamilyFolders _families;

    public RefusalTests(TinyModel model, FamilyFolders families)
    {
        (_folder, _families) = (model, families);
        _model = new ProbedModel(model.Folder);
        _pipeline = _model.Builder().Configure(o => o.ModelId = "model").Build();
    }

    public void Dispose()
    {
        _pipeline.Dispose();
        _model.Dispose();
    }

    public static TheoryData<GenerationRequest, string> Bad => new()
    {
        { s_text with { Width = 17 }, "Width is 17; expected a multiple of 2 from 2 to 16384." },
        { s_text with { Width = 0 }, "Width is 0; expected a multiple of 2 from 2 to 16384." },
        { s_text with { Height = 15 }, "Height is 15; expected a multiple of 2 from 2 to 16384." },
        { s_text with { Height = 1 << 20 }, "Height is 1048576; expected a multiple of 2 from 2 to 16384." },
        {
            s_image with { InitialImage = TaskImages.Image.Resize(23, 16) },
            "InitialImage.Width is 23; expected a multiple of 2 from 2 to 16384."
        },
        {
            s_image with { InitialImage = TaskImages.Image.Resize(24, 15) },
            "InitialImage.Height is 15; expected a multiple of 2 from 2 to 16384."
        },
        { s_image with { Strength = 0 }, "Strength is 0; expected more than 0 and at most 1." },
        { s_image with { Strength = -0.5 }, "Strength is -0.5; expected more than 0 and at most 1." },
        { s_image with { Strength = 1.01 }, "Strength is 1.01; expected more than 0 and at most 1." },
        { s_image with { Strength = double.NaN }, "Strength is NaN; expected more than 0 and at most 1." },
        { s_text with { Strength = 0.5 }, "Strength is 0.5; expected none without InitialImage." },
        { s_text with { ImageCount = 0 }, "ImageCount is 0; expected from 1 to 1024." },
        { s_text with { ImageCount = -1 }, "ImageCount is -1; expected from 1 to 1024." },
        { s_text with { ImageCount = 1025 }, "ImageCount is 1025; expected from 1 to 1024." },
        {
            s_image with { Mask = TaskImages.Mask.Resize(16, 24) },
            "Mask is 16 x 24 pixels; expected 24 x 16, the size of InitialImage."
        },
        { s_text with { Mask = TaskImages.Mask }, "Mask is given; expected none without InitialImage." },
        { s_text with { Prompt = new string('a', 100_000) }, "Prompt is 100000 characters long; expected at most 20000." },
        { s_text with { NegativePrompt = new string('a', 100_000) }, "NegativePrompt is 100000 characters long; expected at most 20000." },
        { s_text with { Prompt = null! }, "Prompt is null; expected a text." },
        { s_text with { Prompt = "a\0b" }, "Prompt is with a NUL character at 1; expected a text without." },
        { s_text with { NegativePrompt = "\0" }, "NegativePrompt is with a NUL character at 0; expected a text without." },
        { s_text with { Steps = 0 }, "Steps is 0; expected from 1 to 1000." },
        { s_text with { Steps = 1001 }, "Steps is 1001; expected from 1 to 1000." },
        { s_text with { GuidanceScale = -1 }, "GuidanceScale is -1; expected from 0 to 100." },
        { s_text with { GuidanceScale = double.PositiveInfinity }, "GuidanceScale is Infinity; expected from 0 to 100." },
        { s_text with { Eta = 1.5 }, "Eta is 1.5; expected from 0 to 1." },
        { s_text with { Mu = double.NaN }, "Mu is NaN; expected from -10 to 10." },
        { s_text with { Steps = null, Timesteps = [] }, "Timesteps is a list of 0; expected from 1 to 1000 numbers." },
        { s_text with { Steps = null, Timesteps = [5, 50] }, "Timesteps[1] is 50; expected less than 5, the number before it." },
        { s_text with { Steps = null, Sigmas = [5, 0] }, "Sigmas[1] is 0; expected more than 0 and at most 1000000." },
        { s_text with { Steps = null, Sigmas = [double.NaN] }, "Sigmas[0] is NaN; expected more than 0 and at most 1000000." },
        { s_text with { Steps = null, Sigmas = [5], Timesteps = [5] }, "Sigmas is given; expected none together with Timesteps." },
        { s_text with { Steps = 3, Timesteps = [500, 5] }, "Steps is 3; expected 2, the length of Timesteps, or null." },
        { s_text with { VariationSeed = 1, VariationStrength = 1.5 }, "VariationStrength is 1.5; expected from 0 to 1." },
        { s_text with { TimeLimit = TimeSpan.Zero }, "TimeLimit is 00:00:00; expected more than zero and at most 24.00:00:00." },
        { s_text with { Upscale = new() { Width = 33, Height = 32 } }, "Upscale.Width is 33; expected a multiple of 2 from 2 to 16384." },
        { s_text with { Upscale = new() { Width = 32, Height = 32, Steps = 0 } }, "Upscale.Steps is 0; expected from 1 to 1000." },
        {
            s_text with { Steps = null, Timesteps = [500, 1], Upscale = new() { Width = 32, Height = 32, Steps = 3 } },
            "Upscale.Steps is 3; expected null together with Timesteps or Sigmas."
        },
        {
            s_text with { Upscale = new() { Width = 32, Height = 32, Strength = 1.5 } },
            "Upscale.Strength is 1.5; expected more than 0 and at most 1."
        },
        {
            s_text with { ControlImages = [TaskImages.Image] },
            "ControlImages is a list of 1; expected none, because the pipeline has no ControlNet."
        },
        {
            s_text with { ControlWeights = [new()] },
            "ControlWeights is a list of 1; expected none, because the pipeline has no ControlNet."
        },
        {
            s_text with { SizeConditioningInput = new() },
            "SizeConditioningInput is given; expected null: the model is not conditioned on sizes."
        },
    };

    /// <summary>The scheduler of the model is DDIM.</summary>
    public static TheoryData<GenerationRequest, string, string> NotOfThisScheduler => new()
    {
        { s_text with { Steps = null, Sigmas = [5, 1] }, "Sigmas", "5, 1: Sigmas has no meaning for this sampler." },
        { s_text with { Steps = null, Timesteps = [1000, 5] }, "Timesteps", "1000, 5: Timesteps are below 1000, and the first is 1000." },
        { s_text with { Steps = null, Timesteps = [10.5, 5] }, "Timesteps", "10.5, 5: Timesteps are integers." },
        { s_text with { Churn = new(1) }, "Churn", "ChurnOptions { Churn = 1, MinimumSigma = 0, " },
        { s_text with { Mu = 1 }, "Mu", "1: Mu has no meaning without use_dynamic_shifting." },
    };

    [Theory, MemberData(nameof(NotOfThisScheduler))]
    public Task Settings_that_the_scheduler_cannot_use_are_refused(GenerationRequest request, string name, string rest) =>
        RefusedAsync(request, $"DdimScheduler cannot run with {name} {rest}", name: name);

    [Theory, MemberData(nameof(Bad))]
    public Task A_bad_value_is_refused_by_every_way_of_asking(GenerationRequest request, string message) => RefusedAsync(request, message);

    [Fact]
    public async Task Embeddings_of_no_token_or_of_two_prompts_are_refused_likewise()
    {
        using Conditioning none = new(zeros(1, 0, 16)), two = new(zeros(2, 16, 16));
        await RefusedAsync(s_text with { PromptEmbeds = none }, "PromptEmbeds is of shape [1, 0, 16]; expected [1, tokens, width].");
        await RefusedAsync(
            s_text with { NegativePromptEmbeds = two },
            "NegativePromptEmbeds is of shape [2, 16, 16]; expected [1, tokens, width].");
    }

    [Fact]
    public async Task Embeddings_that_do_not_fit_each_other_are_refused_likewise()
    {
        using Conditioning text = new(zeros(1, 16, 16)), shorter = new(zeros(1, 8, 16)), pooled = new(zeros(1, 16, 16), zeros(1, 4));
        using Conditioning two = new(zeros(1, 16, 16), zeros(2, 4)), masked = new(zeros(1, 16, 16), mask: ones(1, 15)), 
            sized = new(zeros(1, 16, 16), additional: new Dictionary<string, Tensor> { ["time_ids"] = zeros(2, 6) });
        GenerationRequest request = s_text with { GuidanceScale = 4, PromptEmbeds = text };
        await RefusedAsync(
            request with { NegativePromptEmbeds = shorter },
            "NegativePromptEmbeds is of shape [1, 8, 16]; expected [1, 16, 16], as PromptEmbeds.");
        await RefusedAsync(
            request with { NegativePromptEmbeds = pooled },
            "NegativePromptEmbeds is of shape [1, 16, 16], pooled to [1, 4]; expected [1, 16, 16], as PromptEmbeds.");
        await RefusedAsync(request with { PromptEmbeds = two }, "PromptEmbeds.Pooled is of shape [2, 4]; expected [1, width].");
        await RefusedAsync(
            request with { PromptEmbeds = masked },
            "PromptEmbeds.Mask is of shape [1, 15]; expected [1, 16], one for each token.");
        await RefusedAsync(
            request with { PromptEmbeds = sized }, "PromptEmbeds.Additional[\"time_ids\"] is of shape [2, 6]; expected [1, …].");
    }

    [Fact]
    public void Embeddings_that_do_not_fit_are_refused_before_encoding()
    {
        using Conditioning shorter = new(zeros(1, 8, 16)),
            narrow = new(zeros(1, 16, 8)),
            longer = new(zeros(1, 32, 16)),
            text = new(zeros(1, 16, 16));
        GenerationRequest request = new() { Prompt = "a star", Seed = 1, Steps = 1, GuidanceScale = 4 };
        foreach (bool caching in new[] { false, true })
        {
            Refused(
                request with { PromptEmbeds = narrow },
                "PromptEmbeds is of shape [1, 16, 8]; expected [1, tokens, 16], which the model reads.");
            Refused(
                request with { NegativePromptEmbeds = narrow },
                "NegativePromptEmbeds is of shape [1, 16, 8]; expected [1, tokens, 16], which the model reads.");
            Refused(
                request with { PromptEmbeds = shorter },
                "PromptEmbeds is of shape [1, 8, 16]; expected [1, 16, 16], as NegativePrompt is encoded, or " +
                    "NegativePromptEmbeds of the same shape.");
            Refused(
                request with { NegativePromptEmbeds = shorter },
                "NegativePromptEmbeds is of shape [1, 8, 16]; expected [1, 16, 16], as Prompt is encoded, or " +
                    "PromptEmbeds of the same shape.");
            Refused(
                request with { PromptEmbeds = longer, NegativePrompt = "a bird" },
                "PromptEmbeds is of shape [1, 32, 16]; expected [1, 16, 16], as NegativePrompt is encoded");

            void Refused(GenerationRequest request, string message) =>
                Encodes(_folder.Folder, b => caching ? b.UseStepCaching() : b, request, message, 0);
        }

        // The empty prompt's window is repeated, and guidance that does nothing needs no negative prompt.
        Encodes(_folder.Folder, b => b, request with { PromptEmbeds = longer }, null, 1);
        Encodes(_folder.Folder, b => b, request with { PromptEmbeds = shorter, GuidanceScale = 1 }, null, 0);
        // With prompting, a prompt has as many windows as it needs.
        Encodes(
            _folder.Folder,
            b => b.UsePromptWeighting(),
            request with { PromptEmbeds = longer, NegativePrompt = "a BREAK star" },
            null,
            2);
        Encodes(
            _folder.Folder, b => b.UsePromptWeighting(), request with { PromptEmbeds = text, NegativePrompt = "a BREAK star" },
            "PromptEmbeds is of shape [1, 16, 16]; expected [1, 32, 16], as NegativePrompt is encoded", 0);
    }

    [Fact]
    public void Embeddings_without_pooled_text_are_refused_before_encoding()
    {
        GenerationRequest request = new() { Prompt = "ab", Seed = 1, Steps = 1, GuidanceScale = 4, Width = 16, Height = 16 };
        using Conditioning bare = new(zeros(1, 16, 128)),
            narrow = new(zeros(1, 16, 128), zeros(1, 31)),
            whole = new(zeros(1, 16, 128), zeros(1, 32));
        using Conditioning two = new(zeros(1, 32, 128), zeros(1, 32));
        foreach (bool prompting in new[] { false, true })
        {
            Xl(request with { PromptEmbeds = bare }, "PromptEmbeds.Pooled is null; expected of shape [1, 32], which the model reads.", 0);
            Xl(
                request with { PromptEmbeds = narrow },
                "PromptEmbeds.Pooled is of shape [1, 31]; expected [1, 32], which the model reads.",
                0);
            Xl(
                request with { PromptEmbeds = two, NegativePrompt = "a" },
                "PromptEmbeds is of shape [1, 32, 128], pooled to [1, 32]; expected [1, 16, 128], pooled to [1, 32], as",
                0);
            Xl(request with { PromptEmbeds = whole, NegativePrompt = "a" }, null, 2);

            void Xl(GenerationRequest request, string? message, int encoded) =>
                Encodes(_families["xl"], b => prompting ? b.UsePromptWeighting() : b, request, message, encoded);
        }
    }

    /// <summary>Asks a model of the library, which refuses the request with the message, or accepts it if the message is null.</summary>
    private static void Encodes(
        string folder,
        Func<DiffusionPipelineBuilder, DiffusionPipelineBuilder> built,
        GenerationRequest request,
        string? message,
        int windows)
    {
        DiffusionModel parts = DiffusionModel.Open(folder, CPU);
        int encoded = 0;
        parts.Components!.Watch(work => encoded += work.StartsWith("text", StringComparison.Ordinal) ? 1 : 0);
        using DiffusionPipeline pipeline = built(new DiffusionPipelineBuilder().UseModel(_ => parts)).Build();
        if (message is null) pipeline.Generate(request);
        else
            Assert.StartsWith(
                message,
                Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message,
                StringComparison.Ordinal);
        Assert.Equal(windows, encoded);
    }

    [Fact]
    public async Task Steps_that_the_scheduler_cannot_take_are_refused_likewise()
    {
        GenerationRequest all = s_text with { Steps = 1000 };
        SchedulerConfig plain = SchedulerConfig.Empty,
            published = plain.With("steps_offset", 1),
            leading = plain.With("timestep_spacing", "leading");
        await Scheduled(
            new DdimScheduler(published),
            all,
            "DdimScheduler cannot run 1000 steps: Timestep 1000 is beyond the 1000 training timesteps");
        await Scheduled(
            new DdimScheduler(published),
            s_image with { Steps = 1000, Strength = 0.5 },
            "DdimScheduler cannot run 1000 steps: Timestep 1000");
        await Scheduled(
            new DpmSolverMultistepScheduler(leading),
            all,
            "DpmSolverMultistepScheduler cannot run 1000 steps: 'leading' timestep spacing");
        await Scheduled(
            new LcmScheduler(),
            s_text with { Steps = 51 },
            "LcmScheduler cannot run 51 steps: Steps is at most the 50 of original_inference_steps");
        await Scheduled(new PndmScheduler(), s_text with { Steps = 3 }, "PndmScheduler cannot run 3 steps: Steps is at least 4");
        await Scheduled(
            new PndmScheduler(),
            s_image with { Steps = 8, Strength = 0.5 },
            "PndmScheduler cannot run with Strength 0.5: BeginStep is 0",
            "Strength");
        await Scheduled(
            new PndmScheduler(), s_text with { Steps = 8, Upscale = new() { Width = 32, Height = 32, Strength = 0.5 } },
            "PndmScheduler cannot run with Upscale.Strength 0.5: BeginStep is 0", "Upscale.Strength");
    }

    [Fact]
    public async Task A_strength_that_the_scheduler_ignores_is_refused_likewise()
    {
        const string Reason = "0.5: its plan begins at evaluation 0 of 2, where it should begin at 1.";
        GenerationRequest upscaled = s_text with { Upscale = new() { Width = 32, Height = 32, Strength = 0.5 } };
        await Scheduled(
            new FromTheStart(), s_image with { Strength = 0.5 }, $"FromTheStart cannot run with Strength {Reason}", "Strength");
        await Scheduled(new FromTheStart(), upscaled, $"FromTheStart cannot run with Upscale.Strength {Reason}", "Upscale.Strength");
        using DiffusionPipeline pipeline = _model.Builder().UseScheduler(new FromTheStart()).Build();
        Assert.Single(pipeline.Generate(s_image with { Strength = 1 }).Images);
    }

    /// <summary>A scheduler that forgets to look where it is to begin.</summary>
    private sealed class FromTheStart : INoiseScheduler
    {
        private readonly DdimScheduler _ddim = new();

        public PredictionType PredictionType => _ddim.PredictionType;

        public int TrainingTimesteps => _ddim.TrainingTimesteps;

        public SamplingPlan Plan(SamplingOptions options, LatentShape shape) => _ddim.Plan(options with { BeginStep = 0 }, shape);

        public ISchedulerRun Start(SamplingPlan plan, INoiseSource? noise) => _ddim.Start(plan, noise);
    }

    [Theory, InlineData(1.5), InlineData(0), InlineData(double.NaN)]
    public void A_bad_strength_is_named_beside_a_refiner_too(double strength)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFolder(_families["xl"], CPU)
            .UseRefiner(_families["xl-refiner"])
            .Build();
        var e = Assert.Throws<ArgumentException>(() => pipeline.Generate(s_image with { Strength = strength }));
        Assert.StartsWith(
            FormattableString.Invariant($"Strength is {strength}; expected more than 0 and at most 1."),
            e.Message,
            StringComparison.Ordinal);
    }

    private async Task Scheduled(INoiseScheduler scheduler, GenerationRequest request, string message, string setting = "Steps")
    {
        using DiffusionPipeline pipeline = _model.Builder().UseScheduler(scheduler).Build();
        await RefusedAsync(request, message, pipeline, setting);
    }

    private async Task RefusedAsync(GenerationRequest request, string message, DiffusionPipeline? pipeline = null, string? name = null)
    {
        long before = LiveTensors.Settled();
        foreach (string way in EveryWay.Names)
        {
            var e = await Assert.ThrowsAsync<ArgumentException>(() => EveryWay.AskAsync(way, pipeline ?? _pipeline, request));
            Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
            Assert.Equal(name ?? message.Split(' ')[0], e.ParamName);
        }

        Assert.Empty(_model.Work);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public async Task Every_way_of_asking_gives_the_same_image()
    {
        byte[] expected = _pipeline.Generate(s_image with { Mask = TaskImages.Mask }).Images[0].Image.Rgb.ToArray();
        foreach (string way in EveryWay.Names)
            Assert.Equal(
                expected,
                (await EveryWay.AskAsync(way, _pipeline, s_image with { Mask = TaskImages.Mask })).Images[0].Image.Rgb.ToArray());
        Assert.Contains("evaluate", _model.Work);
    }

    public static TheoryData<string, object?, string> UnknownOptions => new()
    {
        { "stesp", 4, "AdditionalProperties has 'stesp'; known are prompt, negative_prompt, seed" },
        { "Steps", 4, "AdditionalProperties has 'Steps'; known are" },
        { "steps", "many", "AdditionalProperties has 'steps' of 'many', which cannot be read" },
        { "steps", null, "AdditionalProperties has 'steps' of '', which cannot be read" },
        { "upscale", """{ "width": 32, "height": 32, "strenght": 0.5 }""", "AdditionalProperties has 'upscale' of" },
        { "control_weights", "0.5", "AdditionalProperties has 'control_weights' of '0.5', which cannot be read" },
        { "initial_image", "given", "AdditionalProperties has 'initial_image' of 'given', which cannot be read" },
    };

    [Theory, MemberData(nameof(UnknownOptions))]
    public async Task An_unknown_option_is_refused(string key, object? value, string message)
    {
        var image = new DataContent("not an image, and not read"u8.ToArray(), "image/png");
        IImageGenerator generator = _pipeline.AsImageGenerator();
        ImageGenerationRequest request = key is "stesp" or "Steps" ? new("a blue bird", [image]) : new("a blue bird");
        var e = await Assert.ThrowsAsync<ArgumentException>(
            () => generator.GenerateAsync(request, new ImageGenerationOptions { AdditionalProperties = new() { [key] = value } }));
        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
        Assert.Empty(_model.Work);
    }

    [Fact]
    public void An_unknown_scheduler_is_refused_when_it_is_named() =>
        Assert.StartsWith(
            "The scheduler 'eulr' does not exist; expected one of ddpm",
            Assert.Throws<ArgumentException>(() => new DiffusionPipelineBuilder().UseScheduler("eulr")).Message,
            StringComparison.Ordinal);
}
