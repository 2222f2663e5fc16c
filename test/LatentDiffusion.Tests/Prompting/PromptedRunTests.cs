using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Prompting;

/// <summary>Which texts are evaluated in which step, and how composed prompts are summed, with a denoiser that adds up its text.</summary>
[Collection(Pipelines.LiveTensors.Collection)]
public sealed class PromptedRunTests
{
    private const int Steps = 4;

    [NoTensorLeaks, Theory, InlineData(1), InlineData(2)]
    public void Texts_change_by_step_and_not_by_evaluation(int evaluationsPerStep)
    {
        using DisposeScope scope = NewDisposeScope();
        var run = new StandingRun(evaluationsPerStep);
        PassPrompts image = Image("[1:2:3] [3|4]", "[5:6:.5]");
        using var prompted = new PromptedRun(new Summing(), run, [image]);
        for (; !run.IsCompleted; run.StepIndex++)
        {
            int step = run.StepIndex / evaluationsPerStep;
            float[] expected = [step < 2 ? 5 : 6, (step < 3 ? 1 : 2) + (step % 2 == 0 ? 3 : 4)];
            Assert.Equal(expected, Values(prompted.Predict(Input([PromptRole.Negative, PromptRole.Text]))));
        }
    }

    [NoTensorLeaks, Fact]
    public void A_composed_prompt_is_the_weighted_sum_of_differences()
    {
        using DisposeScope scope = NewDisposeScope();
        var run = new StandingRun(1);
        PassPrompts one = Image("3 AND 4 :.5 AND 7:-1", "2"), two = Image("9", "5"), even = Image("3 :.25 AND 4 :0.75", "2");
        float composed = 2 + (3 - 2) + 0.5f * (4 - 2) - (7 - 2);
        var denoiser = new Summing();
        Assert.Equal([2, 5, composed, 9], Predict([one, two], PromptRole.Negative, PromptRole.Negative, PromptRole.Text, PromptRole.Text));
        // All four, and both images for the further texts of the composed one.
        Assert.Equal([4, 2, 2], denoiser.Batches);

        // Without the negative prompt in the batch it is evaluated for the sum, where the weights do not add up to 1.
        Assert.Equal([composed, 9], Predict([one, two], PromptRole.Text, PromptRole.Text));
        Assert.Equal([2, 2, 2, 2], denoiser.Batches);
        Assert.Equal([3.75f], Predict([even], PromptRole.Text));
        Assert.Equal([1, 1], denoiser.Batches);

        float[] Predict(PassPrompts[] images, params long[] roles)
        {
            denoiser = new Summing();
            using var prompted = new PromptedRun(denoiser, run, images);
            return Values(prompted.Predict(Input(roles)));
        }
    }

    [NoTensorLeaks, Fact]
    public void Samples_keep_their_other_inputs()
    {
        using DisposeScope scope = NewDisposeScope();
        var run = new StandingRun(1);
        PassPrompts[] images = [Image("1", "2"), Image("3 AND 4", "5")];
        var denoiser = new Summing();
        Tensor latents = arange(4, dtype: ScalarType.Float32).view(4, 1, 1, 1), tokens = latents.view(4, 1, 1);
        DenoiserInput input = Input([PromptRole.Negative, PromptRole.Negative, PromptRole.Text, PromptRole.Text]) with
        {
            Latents = latents, Timesteps = [10, 20, 30, 40], GuidanceScales = [1, 2, 3, 4], ConcatenatedLatents = latents,
            ControlResiduals = [latents], AdapterResiduals = [latents], ReferenceLatents = [latents],
            AttentionEdits = new AttentionEdits
            {
                AddedContext = new Dictionary<string, IReadOnlyList<AddedContext>>
                {
                    ["a"] = [new(tokens, tokens) { Mask = latents }, new(tokens, tokens) { Mask = ones(1, 1, 1, 1) }],
                },
            },
        };
        using var prompted = new PromptedRun(denoiser, run, images);
        Assert.Equal([2f, 5, 1, 5 + (3 - 5) + (4 - 5)], Values(prompted.Predict(input)));
        // All, and those of both prompts for the second text of the composed one.
        Assert.Equal([4, 2], denoiser.Batches);
        Assert.Equal([10, 20, 30, 40, 1, 2, 3, 4], denoiser.Numbers[0]);
        Assert.Equal([30, 40, 3, 4], denoiser.Numbers[1]);
        Assert.Equal([2L, 2, 2, 2, 2, 2, 2, 2, 2, 1], denoiser.Rows[1]);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => prompted.Predict(input with { CancellationToken = cancelled.Token }));
    }

    private static float[] Values(Tensor predicted) => predicted.flatten().data<float>().ToArray();

    private static DenoiserInput Input(long[] roles) => new()
    {
        Latents = zeros(roles.Length, 1, 1, 1), Timesteps = [1],
        Conditioning = new Conditioning(
            zeros(roles.Length, 1, 1), additional: new Dictionary<string, Tensor> { ["prompt_role"] = tensor(roles) }),
    };

    /// <summary>Prompts of numbers: the conditioning of a text is their sum.</summary>
    private static PassPrompts Image(string prompt, string negative)
    {
        var reader = new PromptReader(new PromptSyntaxOptions());
        PassSteps[] passes = [new(Steps, null)];
        var prompts = new RequestPrompts(
            reader.Read(prompt, "Prompt", passes, composes: true), reader.Read(negative, "NegativePrompt", passes, composes: false));
        return new PassPrompts(
            new EncodedPrompts(prompts, [.. prompts.Prompt.Texts.Select(Encode)], [.. prompts.Negative.Texts.Select(Encode)])
            {
                GuidesByNegative = true,
            },
            0, Steps, prompt => prompt);

        static Conditioning Encode(string text) =>
            new(full([1, 1, 1], text.Split(' ').Sum(float.Parse), ScalarType.Float32));
    }

    private sealed class Summing : IDenoiser
    {
        public List<long> Batches { get; } = [];

        /// <summary>Timesteps and guidance scales.</summary>
        public List<double[]> Numbers { get; } = [];

        /// <summary>Number of rows of each other input, and the value of all but the masks.</summary>
        public List<long[]> Rows { get; } = [];

        public DenoiserDescription Description => throw new NotSupportedException();

        public Tensor Predict(DenoiserInput input)
        {
            Assert.Empty(input.Conditioning.Additional);
            Batches.Add(input.Latents.shape[0]);
            Numbers.Add([.. input.Timesteps, .. input.GuidanceScales ?? []]);
            if (input.AttentionEdits is { } edits)
            {
                Tensor[] others =
                [
                    input.ConcatenatedLatents!, input.ControlResiduals![0], input.AdapterResiduals![0], input.ReferenceLatents![0],
                    .. edits.AddedContext["a"].SelectMany(t => new[] { t.Keys, t.Values, t.Mask! }),
                ];
                Assert.All(others[..^1], other => Assert.Equal(input.Latents.flatten().data<float>(), other.flatten().data<float>()));
                Rows.Add([.. others.Select(other => other.shape[0])]);
            }

            return input.Conditioning.HiddenStates.view(-1, 1, 1, 1).clone();
        }
    }

    /// <summary>A run that stands where it is put.</summary>
    private sealed class StandingRun(int evaluationsPerStep) : ISchedulerRun
    {
        public SamplingPlan Plan { get; } = new(
            new SamplingOptions { Steps = Steps }, Enumerable.Range(0, Steps * evaluationsPerStep).Select(i => 100d - i),
            Enumerable.Range(0, Steps * evaluationsPerStep + 1).Select(i => 1d / (i + 1)), evaluationsPerStep);

        public int StepIndex { get; set; }

        public bool IsCompleted => StepIndex >= Plan.Timesteps.Count;

        public Tensor Step(Tensor modelOutput, Tensor sample) => throw new NotSupportedException();

        public Tensor AddNoise(Tensor sample, Tensor noise) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
