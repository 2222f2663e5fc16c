using System.ComponentModel.DataAnnotations;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Step caching between evaluations of a U-Net with three resolutions, two of which read text.</summary>
[Collection(LiveTensors.Collection)]
public sealed class StepCachingTests : IDisposable
{
    private readonly UNet2DConditionModel _network = new(new UNet2DConditionConfig
    {
        BlockOutChannels = [16, 24, 32], NormNumGroups = 8, LayersPerBlock = 2, CrossAttentionDim = 12, AttentionHeadDim = 2,
        DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        UpBlockTypes = ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    });

    private readonly UNetDenoiser _denoiser;

    public StepCachingTests()
    {
        FormulaWeights.Fill(_network);
        _denoiser = new UNetDenoiser(_network);
    }

    public void Dispose() => _denoiser.Dispose();

    [NoTensorLeaks, Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Cached_evaluation_of_the_same_input_is_bit_identical(int levels)
    {
        using DisposeScope scope = NewDisposeScope();
        using var deep = new CachedFeatures(levels);
        using Conditioning text = Text(2, "t");
        // Of no power of two, so that sizes on the way up are those of the skip connections.
        Tensor latents = FormulaWeights.Input("latents", [2, 4, 10, 6]), plain = _denoiser.Predict(latents, 500, text);
        Same(plain, _denoiser.Predict(DenoiserCalls.Input(latents, 500, text), cache: null, deep));
        Assert.NotNull(deep.Value);
        Spoil(levels);
        Same(plain, _denoiser.Predict(DenoiserCalls.Input(latents, 500, text), cache: null, deep));
        Differ(plain, _denoiser.Predict(latents, 500, text));
    }

    [NoTensorLeaks, Fact]
    public void Every_so_many_evaluations_are_complete_and_the_others_near()
    {
        using DisposeScope scope = NewDisposeScope();
        using var run = new StepCachingRun(_denoiser, new StepCachingOptions { Interval = 3 });
        using Conditioning text = Text(1, "t");
        for (int step = 0; step < 7; step++)
        {
            Tensor latents = Latents(1, $"{step}");
            Tensor expected = _denoiser.Predict(latents, 900 - 100 * step, text), actual = run.Predict(latents, 900 - 100 * step, text);
            if (step % 3 == 0) Same(expected, actual);
            else Differ(expected, actual);
        }
    }

    [NoTensorLeaks, Fact]
    public void Each_text_shape_and_image_has_features_of_its_own()
    {
        using DisposeScope scope = NewDisposeScope();
        var options = new StepCachingOptions { Interval = 2 };
        using Conditioning prompt = Text(1, "prompt"), negative = Text(1, "negative"), both = Conditioning.Concat(prompt, negative);
        (Conditioning Text, long Batch)[] passes = [(prompt, 1), (negative, 1), (both, 2)];
        using var together = new StepCachingRun(_denoiser, options);
        // A second image begins where the timestep rises again, with a complete evaluation whatever came before.
        foreach (double[] timesteps in (double[][])[[900, 600, 300], [950, 650]])
        {
            using DisposeScope image = NewDisposeScope();
            Tensor[][] expected = [.. passes.Select(pass =>
            {
                using var alone = new StepCachingRun(_denoiser, options);
                return timesteps.Select(t => alone.Predict(Latents(pass.Batch, $"{t}"), t, pass.Text)).ToArray();
            })];
            for (int i = 0; i < timesteps.Length; i++)
                for (int pass = 0; pass < passes.Length; pass++)
                    Same(
                        expected[pass][i],
                        together.Predict(Latents(passes[pass].Batch, $"{timesteps[i]}"), timesteps[i], passes[pass].Text));
        }
    }

    [NoTensorLeaks, Fact]
    public void A_finished_run_leaves_no_tensor()
    {
        using DisposeScope scope = NewDisposeScope();
        using var run = new StepCachingRun(_denoiser, new StepCachingOptions());
        for (int text = 0; text < 12; text++)
        {
            using Conditioning conditioning = Text(1, $"{text}");
            run.Predict(Latents(1, "a"), 500, conditioning);
        }
    }

    [Fact]
    public void Only_complete_evaluations_give_the_uncached_image()
    {
        using var model = new TinyModel();
        byte[] plain = Image(model.Builder());
        byte[] complete = Image(model.Builder().UseStepCaching(new StepCachingOptions { Interval = 1 }));
        byte[] cached = Image(model.Builder().UseStepCaching());
        Assert.Equal(plain, complete);
        Assert.NotEqual(plain, cached);

        static byte[] Image(DiffusionPipelineBuilder builder)
        {
            using DiffusionPipeline pipeline = builder.Build();
            return pipeline.Generate(new GenerationRequest { Prompt = "a blue bird", Seed = 3, Steps = 6 }).Images[0].Image.Rgb.ToArray();
        }
    }

    [Fact]
    public void What_cannot_be_cached_is_refused_by_name()
    {
        using var model = new TinyModel();
        Assert.Contains(
            "Interval",
            Assert.Throws<ValidationException>(() => model.Builder().UseStepCaching(new StepCachingOptions { Interval = 0 })).Message);
        var e = Assert.Throws<InvalidOperationException>(() =>
            model.Builder().UseStepCaching(new StepCachingOptions { Levels = 2 }).Build());
        Assert.Contains("Levels is 2", e.Message);
        Assert.Contains(
            "Wrapper does not support step caching",
            Assert.Throws<NotSupportedException>(
                () => model.Builder().UseStepCaching().UseDenoiser(m => new Wrapper(m.Denoiser)).Build()).Message);
        Assert.Contains(
            "ControlNet",
            Assert.Throws<InvalidOperationException>(() => model.Builder().UseStepCaching().UseControlNet("anything").Build()).Message);
    }

    /// <summary>Passes inputs on, and starts custom runs.</summary>
    private sealed class Wrapper(IDenoiser inner) : IDenoiser
    {
        public DenoiserDescription Description => inner.Description;

        public Tensor Predict(DenoiserInput input) => inner.Predict(input);
    }

    /// <summary>Changes the output of the lower resolutions.</summary>
    private void Spoil(int levels)
    {
        using IDisposable noGrad = no_grad();
        string[] lower =
        [
            .. Enumerable.Range(levels, 3 - levels).Select(i => $"down_blocks.{i}."),
            .. Enumerable.Range(0, 3 - levels).Select(i => $"up_blocks.{i}."),
            "mid_block.",
        ];
        foreach ((string name, Tensor parameter) in _network.state_dict())
            if (lower.Any(l => name.StartsWith(l, StringComparison.Ordinal))) parameter.mul_(1.5);
    }

    private static Tensor Latents(long batch, string name) => FormulaWeights.Input("latents" + name, [batch, 4, 8, 8]);

    private static Conditioning Text(long batch, string name) => new(FormulaWeights.Input("text" + name, [batch, 5, 12]));

    private static void Same(Tensor expected, Tensor actual) =>
        Assert.Equal(expected.data<float>().ToArray(), actual.data<float>().ToArray());

    private static void Differ(Tensor one, Tensor other)
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.True((one - other).abs().max().item<float>() > 1e-3f);
    }
}
