using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Between two seeds and between two prompts.</summary>
public sealed class VariationTests(TinyModel model) : IClassFixture<TinyModel>
{
    // Ancestral: noise is drawn at every step, and the image's latents are drawn before it.
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "a blue bird", Seed = 3, Steps = 3,
        InitialImage = TaskImages.Image.Resize(16, 16), VariationSeed = 40,
        VariationStrength = 0.3,
    };

    [Fact]
    public void The_ends_are_the_images_of_the_two_seeds()
    {
        using DiffusionPipeline pipeline = model.Builder().UseScheduler("euler-a").Build();
        GenerationRequest plain = s_request with { VariationSeed = null, VariationStrength = null };
        byte[] one = Pixels(pipeline, plain), other = Pixels(pipeline, plain with { Seed = 40 }), between = Pixels(pipeline, s_request);
        Assert.Equal(one, Pixels(pipeline, s_request with { VariationStrength = 0 }));
        Assert.Equal(other, Pixels(pipeline, s_request with { VariationStrength = 1 }));
        Assert.NotEqual(one, between);
        Assert.NotEqual(other, between);
        Assert.Equal(
            Pixels(pipeline, s_request with { VariationStrength = 0.2 }),
            Pixels(pipeline, s_request with { VariationStrength = null }));
    }

    [Fact]
    public void Noise_between_two_seeds_lies_on_the_arc_between_theirs()
    {
        using DisposeScope scope = NewDisposeScope();
        using var noise = new ImageNoise(s_request);
        using Generator first = new(3), second = new(40);
        for (int draw = 0; draw < 2; draw++)
        {
            Tensor a = randn([1, 4, 8, 8], generator: first), b = randn([1, 4, 8, 8], generator: second), between = noise.NextLike(a);
            double Angle(Tensor x, Tensor y) => Math.Acos((x * y).sum().ToDouble() / (x.norm().ToDouble() * y.norm().ToDouble()));
            Tensor unit = between / between.norm(), ofA = a / a.norm(), ofB = b / b.norm();
            Assert.Equal(Angle(a, b), Angle(unit, ofA) + Angle(unit, ofB), 0.05);
            Assert.InRange(between.norm().ToDouble() / a.norm().ToDouble(), 0.9, 1.1);
            // Nearer the first: the lengths of the two differ a little, and with them the angle's share from 0.3.
            Assert.Equal(0.3, Angle(unit, ofA) / Angle(a, b), 0.03);
        }
    }

    [Fact]
    public void Further_images_are_the_variations_that_they_are_alone()
    {
        using DiffusionPipeline pipeline = model.Builder().UseScheduler("euler-a").Build();
        byte[] alone = Pixels(pipeline, s_request with { VariationSeed = 41 });
        GenerationResult batch = pipeline.Generate(s_request with { ImageCount = 3 });
        Assert.Equal(alone, batch.Images[1].Image.Rgb.ToArray());
        Assert.All(batch.Images, image => Assert.Equal(3UL, image.Seed));
        Assert.Equal(("41", "0.3"), (batch.Images[1].Metadata["variation_seed"], batch.Images[1].Metadata["variation_strength"]));
    }

    [Fact]
    public void Bad_variations_are_refused()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        Refused(s_request with { VariationStrength = 1.5 }, "VariationStrength is 1.5; expected from 0 to 1");
        Refused(s_request with { VariationStrength = double.NaN }, "VariationStrength is NaN");
        Refused(s_request with { VariationSeed = null }, "VariationStrength is 0.3; expected none without VariationSeed");

        void Refused(GenerationRequest request, string message) =>
            Assert.StartsWith(
                message,
                Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void Between_two_prompts_are_their_embeddings_mean()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        using Conditioning bird = pipeline.Encode(["a blue bird"]), star = pipeline.Encode(["a drawing of a star"]);
        using Conditioning first = Conditioning.Interpolate(bird, star, 0);
        using Conditioning last = Conditioning.Interpolate(bird, star, 1);
        using Conditioning quarter = Conditioning.Interpolate(bird, star, 0.25);
        GenerationRequest request = s_request with { VariationSeed = null, VariationStrength = null };
        Assert.Equal(Pixels(pipeline, request), Pixels(pipeline, request with { PromptEmbeds = first }));
        Assert.Equal(
            Pixels(pipeline, request with { Prompt = "a drawing of a star" }),
            Pixels(pipeline, request with { PromptEmbeds = last }));
        using DisposeScope scope = NewDisposeScope();
        Assert.InRange((quarter.HiddenStates - (3 * bird.HiddenStates + star.HiddenStates) / 4).abs().max().item<float>(), 0, 1e-6);

        using Conditioning pooled = new(bird.HiddenStates.clone(), ones(1, 4), ones(1, 16), Sizes(ones(1, 6)));
        using Conditioning other = new(star.HiddenStates.clone(), zeros(1, 4), zeros(1, 16), Sizes(zeros(1, 6)));
        using Conditioning half = Conditioning.Interpolate(pooled, other, 0.5);
        Tensor[] parts = [half.Pooled!, half.Mask!, half.Additional["sizes"]];
        Assert.Equal([0.5f, 1f, 1f], parts.Select(p => p.mean().item<float>()));
        Assert.Contains(
            "Pooled",
            Assert.Throws<ArgumentException>(() => Conditioning.Interpolate(pooled, star, 0.5)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "\"sizes\"", Assert.Throws<ArgumentException>(() => Conditioning.Concat(pooled, star)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Conditioning.Interpolate(bird, star, double.NaN));

        static Dictionary<string, Tensor> Sizes(Tensor values) => new() { ["sizes"] = values };
    }

    private static byte[] Pixels(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
}
