using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>Each family through the public builder, against loops that call its networks directly.</summary>
public sealed class StableDiffusionFamilyTests(FamilyFolders folders) : IClassFixture<FamilyFolders>
{
    private const int Steps = 4, Scale = 4;

    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a",
        Seed = 3,
        Steps = Steps,
        GuidanceScale = Scale,
        Width = 24,
        Height = 16,
    };

    [Fact]
    public void Stable_Diffusion_1_is_the_plain_loop()
    {
        using ModelComponents made = FamilyFolders.Make("sd1");
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor text = made.TextEncoder!.call(Ids(8, 7, 6, 3, 8)).LastHiddenState;
        Tensor empty = made.TextEncoder!.call(Ids(8, 7, 8)).LastHiddenState;
        Tensor expected = PlainLoop.Ddim(Noise(), Steps, velocity: false, (x, t) => Guided(
            made.UNet.call(new UNetInput(x, tensor((float)t).view(1), text)),
            made.UNet.call(new UNetInput(x, tensor((float)t).view(1), empty))));
        AssertClose(expected, Latents("sd1", s_request, b => b.UseScheduler("ddim")));
    }

    [Fact]
    public void Stable_Diffusion_2_is_the_plain_loop_on_the_penultimate_layer()
    {
        // The file has one layer more than the folder, 24 and 23 as published; the text is the normalised output of the layer before the
        // last.
        using ModelComponents made = FamilyFolders.Make("sd2");
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        ClipTextConfig shorter = made.TextEncoder!.Config;
        using ClipTextModel whole = (shorter with { NumHiddenLayers = shorter.NumHiddenLayers + 1 }).Build();
        foreach ((string name, Tensor value) in whole.state_dict())
            if (made.TextEncoder!.state_dict().TryGetValue(name, out Tensor? stored)) value.copy_(stored);
        Tensor Text(Tensor ids) => whole.Normalize(whole.call(ids).PenultimateHiddenState);
        Tensor text = Text(Ids(0, 7, 6, 3, 8)), empty = Text(Ids(0, 7, 8));
        Tensor expected = PlainLoop.Ddim(Noise(), Steps, velocity: true, (x, t) => Guided(
            made.UNet.call(new UNetInput(x, tensor((float)t).view(1), text)),
            made.UNet.call(new UNetInput(x, tensor((float)t).view(1), empty))));
        AssertClose(expected, Latents("sd2", s_request));
    }

    [Fact]
    public void Stable_Diffusion_XL_is_the_plain_loop()
    {
        using ModelComponents made = FamilyFolders.Make("xl");
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        ClipTextOutput first = made.TextEncoder!.call(Ids(8, 7, 6, 3, 8)), second = made.TextEncoder2!.call(Ids(0, 7, 6, 3, 8));
        Tensor text = cat([first.PenultimateHiddenState, second.PenultimateHiddenState], 2), pooled = second.Projected!;
        Tensor Loop(float[] sizes, float[] negativeSizes) => PlainLoop.Euler(Noise(), Steps, (x, t) => Guided(
            made.UNet.call(new UNetInput(x, tensor((float)t).view(1), text) { TextEmbeds = pooled, TimeIds = tensor(sizes, [1, 6]) }),
            made.UNet.call(new UNetInput(x, tensor((float)t).view(1), zeros_like(text))
            {
                TextEmbeds = zeros_like(pooled),
                TimeIds = tensor(negativeSizes, [1, 6]),
            })));

        Tensor plain = Latents("xl", s_request);
        AssertClose(Loop([16, 24, 0, 0, 16, 24], [16, 24, 0, 0, 16, 24]), plain);
        Tensor hinted = Latents("xl", s_request with
        {
            SizeConditioningInput = new SizeConditioningInput
            {
                OriginalWidth = 500,
                OriginalHeight = 300,
                CropLeft = 7,
                CropTop = 5,
                TargetHeight = 1024,
            },
            NegativeSizeConditioningInput = new SizeConditioningInput { OriginalWidth = 64 },
        });
        AssertClose(Loop([300, 500, 5, 7, 1024, 24], [16, 64, 0, 0, 16, 24]), hinted);
        Assert.InRange(Difference(plain, hinted), 0.01, 100);

        // No negative prompt is zeros; a space has the tokens of the empty prompt, encoded.
        Assert.InRange(Difference(plain, Latents("xl", s_request with { NegativePrompt = " " })), 0.01, 100);
    }

    [Fact]
    public void The_refiner_is_the_plain_loop()
    {
        using ModelComponents made = FamilyFolders.Make("xl-refiner");
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        ClipTextOutput text = made.TextEncoder2!.call(Ids(0, 7, 6, 3, 8)), empty = made.TextEncoder2!.call(Ids(0, 7, 8));
        Tensor Loop(float score, float negative) => PlainLoop.Euler(Noise(), Steps, (x, t) => Guided(
            made.UNet.call(new UNetInput(x, tensor((float)t).view(1), text.PenultimateHiddenState)
            {
                TextEmbeds = text.Projected,
                TimeIds = tensor([16f, 24, 0, 0, score], [1, 5]),
            }),
            made.UNet.call(new UNetInput(x, tensor((float)t).view(1), empty.PenultimateHiddenState)
            {
                TextEmbeds = empty.Projected,
                TimeIds = tensor([16f, 24, 0, 0, negative], [1, 5]),
            })));
        AssertClose(Loop(6, 2.5f), Latents("xl-refiner", s_request));
        AssertClose(
            Loop(9, 2.5f),
            Latents("xl-refiner", s_request with { SizeConditioningInput = new SizeConditioningInput { AestheticScore = 9 } }));
    }

    [Theory, InlineData("sd1"), InlineData("sd2"), InlineData("xl"), InlineData("xl-refiner")]
    public void One_seed_gives_the_same_bytes_alone_and_in_a_batch(string family)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders[family]).Build();
        GenerationRequest request = s_request with { Steps = 2 };
        byte[] alone = pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
        GenerationResult batch = pipeline.Generate(request with { Seed = 2, ImageCount = 3 });
        Assert.Equal(alone, batch.Images[1].Image.Rgb.ToArray());
        Assert.NotEqual(alone, batch.Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void Images_that_share_evaluations_keep_their_sizes()
    {
        using DiffusionPipeline single = new DiffusionPipelineBuilder().UseModelFolder(folders["xl"]).Build();
        using DiffusionPipeline batched = new DiffusionPipelineBuilder()
            .UseModelFolder(folders["xl"])
            .Configure(o => o.BatchSize = 3)
            .Build();
        IReadOnlyList<GeneratedImage> alone = single.Generate(s_request with { ImageCount = 3 }).Images;
        IReadOnlyList<GeneratedImage> together = batched.Generate(s_request with { ImageCount = 3 }).Images;
        foreach ((GeneratedImage one, GeneratedImage other) in alone.Zip(together))
            Assert.All(one.Image.Rgb.ToArray().Zip(other.Image.Rgb.ToArray()), p => Assert.InRange(p.First - p.Second, -1, 1));
    }

    [Fact]
    public void The_result_tells_every_choice()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders["xl"]).Build();
        GenerationRequest complete = pipeline.Generate(s_request with { Steps = 1 }).Request;
        Assert.Equal(
            new SizeConditioningInput { OriginalWidth = 24, OriginalHeight = 16, TargetWidth = 24, TargetHeight = 16 },
            complete.SizeConditioningInput);
        Assert.Equal(complete, pipeline.Generate(complete).Request);
    }

    public static TheoryData<string, SizeConditioningInput, string> BadHints => new()
    {
        { "sd1", new SizeConditioningInput(), "SizeConditioningInput is given" },
        { "xl", new SizeConditioningInput { AestheticScore = 6 }, "SizeConditioningInput.AestheticScore is 6; expected null" },
        { "xl", new SizeConditioningInput { OriginalWidth = 0 }, "SizeConditioningInput.OriginalWidth is 0; expected from 1" },
        { "xl", new SizeConditioningInput { CropTop = -1 }, "SizeConditioningInput.CropTop is -1; expected from 0" },
        { "xl", new SizeConditioningInput { TargetHeight = 1 << 24 }, "SizeConditioningInput.TargetHeight is 16777216" },
        { "xl-refiner", new SizeConditioningInput { TargetHeight = 16 }, "SizeConditioningInput.TargetWidth is 16; expected null" },
        { "xl-refiner", new SizeConditioningInput { AestheticScore = double.NaN }, "SizeConditioningInput.AestheticScore is NaN" },
    };

    [Theory, MemberData(nameof(BadHints))]
    public void A_hint_that_the_model_is_not_told_is_refused(string family, SizeConditioningInput hint, string message)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders[family]).Build();
        Assert.StartsWith(
            message,
            Assert.Throws<ArgumentException>(() => pipeline.Generate(s_request with { SizeConditioningInput = hint })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_inpainting_model_opens_and_says_what_it_lacks()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders["sd1-inpaint"]).Build();
        DenoiserDescription denoiser = pipeline.Model!.Denoiser.Description;
        Assert.Equal((4, 5, 9), (denoiser.LatentChannels, denoiser.ConcatenatedChannels, denoiser.InputChannels));
        Assert.StartsWith(
            "InitialImage is null",
            Assert.Throws<ArgumentException>(() => pipeline.Generate(s_request)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_network_that_learned_guidance_is_told_the_scale()
    {
        using ModelComponents sd1 = FamilyFolders.Make("sd1");
        using UNet2DConditionModel unet = (sd1.UNet.Config with { TimeCondProjDim = 16 }).Build();
        Reference.FormulaWeights.Fill(unet);
        using var folder = new TemporaryFolder();
        DiffusersFolder.Write(
            new ModelComponents(ModelFamilies.StableDiffusion, "LatentConsistencyModelPipeline", sd1.Scheduler)
            {
                ["unet"] = unet,
                ["vae"] = sd1.Autoencoder,
                ["text_encoder"] = sd1.TextEncoder,
                ["tokenizer"] = sd1.Tokenizer,
            },
            folder["lcm"]);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();

        // Sines and cosines of 1000·(w − 1) over eight periods (Luo et al. 2023); one evaluation a step.
        double[] angles = [.. Enumerable.Range(0, 8).Select(i => 1000 * (Scale - 1) * Math.Exp(-Math.Log(10000) * i / 7))];
        Tensor told = tensor(
            [.. angles.Select(a => (float)Math.Sin(a)), .. angles.Select(a => (float)Math.Cos(a))],
            [1, 16],
            ScalarType.Float32);
        Tensor text = sd1.TextEncoder!.call(Ids(8, 7, 6, 3, 8)).LastHiddenState;
        Tensor expected = PlainLoop.Ddim(
            Noise(),
            Steps,
            velocity: false,
            (x, t) => unet.call(new UNetInput(x, tensor((float)t).view(1), text) { TimestepCondition = told }));
        Tensor actual = Run(new DiffusionPipelineBuilder().UseModelFolder(folder["lcm"]).UseScheduler("ddim"), s_request);
        AssertClose(expected, actual);
        DiffusionPipelineBuilder ddim = new DiffusionPipelineBuilder().UseModelFolder(folder["lcm"]).UseScheduler("ddim");
        Assert.InRange(Difference(actual, Run(ddim, s_request with { GuidanceScale = 1 })), 0.001, 100);
    }

    private static Tensor Ids(long padding, params long[] ids) => tensor([.. ids, .. Enumerable.Repeat(padding, 16 - ids.Length)], [1, 16]);

    private static Tensor Noise() => randn([1, 4, 8, 12], generator: new Generator(3));

    /// <summary>Ho &amp; Salimans 2022, equation 6.</summary>
    private static Tensor Guided(Tensor conditional, Tensor unconditional) => unconditional + Scale * (conditional - unconditional);

    private static double Difference(Tensor a, Tensor b) => (a - b).abs().max().item<float>();

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange(Difference(expected, actual), 0, 1e-4);
    }

    private static Tensor Run(DiffusionPipelineBuilder builder, GenerationRequest request)
    {
        var latents = new LatentsWithoutImage();
        using DiffusionPipeline pipeline = builder.UseAutoencoder(latents).Build();
        pipeline.Generate(request);
        return latents.Last!;
    }

    private Tensor Latents(string family, GenerationRequest request, Action<DiffusionPipelineBuilder>? more = null)
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(folders[family]);
        more?.Invoke(builder);
        return Run(builder, request);
    }
}
