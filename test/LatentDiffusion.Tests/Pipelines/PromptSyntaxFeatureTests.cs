using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Composed prompts with features that have inputs of each image.</summary>
[Collection(LiveTensors.Collection)]
public sealed class PromptSyntaxFeatureTests : IDisposable
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", NegativePrompt = "b", Seed = 3, Steps = 3, Width = TaskImages.Width, Height = TaskImages.Height,
    };

    private readonly IpAdapterFolders _folders = new();
    private readonly TemporaryFolder _controlNet = new();

    public void Dispose()
    {
        _controlNet.Dispose();
        _folders.Dispose();
    }

    /// <summary>
    /// One part with a weight is guidance of that scale. At a scale of 1, only the prompt needs the negative prompt, and what features
    /// add to it; in a batch, each image keeps its own inputs.
    /// </summary>
    [Theory]
    [InlineData("IP-Adapter"), InlineData("IP-Adapter of hidden states"), InlineData("ControlNet"), InlineData("editing model")]
    public void A_weight_is_a_guidance_scale_and_each_image_of_a_batch_has_its_inputs(string feature)
    {
        GenerationRequest one = With(feature, s_request, TaskImages.Image), other = With(feature, s_request, TaskImages.Mask) with
        {
            Prompt = "a", Seed = 4,
        };
        if (feature == "editing model") (one, other) = (one with { ImageGuidanceScale = 1 }, other with { ImageGuidanceScale = 1 });
        using DiffusionPipeline plain = Build(feature, b => b), together = Build(feature, b => b.Configure(o => o.BatchSize = 2));
        byte[][] expected = [Draw(plain, one with { GuidanceScale = 4 }), Draw(plain, other with { GuidanceScale = 1 })];
        Assert.NotEqual(expected[0], Draw(plain, one with { GuidanceScale = 1 }));
        Assert.NotEqual(expected[0], Draw(plain, With(feature, one, TaskImages.Mask) with { GuidanceScale = 4 }));

        GenerationRequest composed = one with { Prompt = "ab a :4 AND b :0", GuidanceScale = 1 };
        Close(expected[0], Draw(plain, composed));
        foreach (GenerationRequest[] order in new[] { new[] { composed, other }, [other, composed] })
        {
            GenerationRequest[] requests = [.. order.Select(r => r with { GuidanceScale = 1 })];
            IReadOnlyList<GenerationResult> results = together.Generate(requests);
            for (int i = 0; i < 2; i++)
                Close(expected[order[i] == composed ? 0 : 1], results[i].Images[0].Image.Rgb.ToArray());
        }

        // With guidance, and parts that only one of the images has.
        GenerationRequest[] guided =
        [
            one with { Prompt = "ab [a|b] AND b :0.5 AND a", GuidanceScale = 3 }, other with { GuidanceScale = 3 },
        ];
        foreach ((GenerationRequest request, GenerationResult result) in guided.Zip(together.Generate(guided)))
            Close(Draw(plain, request), result.Images[0].Image.Rgb.ToArray());
    }

    [NoTensorLeaks, Fact]
    public void Guidance_by_an_image_acts_around_the_composed_prompt()
    {
        const double ImageScale = 2, Scale = 3;
        using DisposeScope scope = NewDisposeScope();
        var scheduler = new DdimScheduler();
        using ISchedulerRun run = scheduler.Start(scheduler.Plan(new SamplingOptions { Steps = 2 }, new LatentShape(1, 1, 1)));
        float[] seen = [1, 3];
        IFeaturePass edit = new InstructPix2PixPass(tensor(new[] { seen[0] }).view(1, 1, 1, 1), ImageScale)
            .Batch([.. seen.Select(one => new InstructPix2PixPass(tensor(new[] { one }).view(1, 1, 1, 1), ImageScale))]);
        PassPrompts[] images = [Image("5 AND 7 :0.5", "2"), Image("4", "6")];
        using IDenoiserRun edited = edit.Extend(new Multiplying(), run)!;
        using var prompted = new PromptedRun(edited, run, images);
        GuidedDenoiser guided = edit.Extend((denoiser, negative) => new ClassifierFreeGuidance().Guide(denoiser, negative, Scale))
            .Invoke(prompted, Marked(PromptRole.Negative));
        Tensor actual = guided(new DenoiserInput
        {
            Latents = zeros(2, 1, 1, 1), Timesteps = [1], Conditioning = Marked(PromptRole.Text),
        }).Guided;

        // Brooks et al. (2023), equation 3, with ε(image, text) as Liu et al. (2022), equation 11, compose it under the image.
        double Composed(double image) => Of(image, 2) + (Of(image, 5) - Of(image, 2)) + 0.5 * (Of(image, 7) - Of(image, 2));
        double[] expected =
        [
            Of(0, 2) + ImageScale * (Of(1, 2) - Of(0, 2)) + Scale * (Composed(1) - Of(1, 2)),
            Of(0, 6) + ImageScale * (Of(3, 6) - Of(0, 6)) + Scale * (Of(3, 4) - Of(3, 6)),
        ];
        Assert.Equal(expected, actual.flatten().data<float>().Select(value => Math.Round((double)value, 4)));

        static double Of(double image, double text) => text * (1 + image);

        static Conditioning Marked(long role) => new(
            zeros(2, 1, 1), additional: new Dictionary<string, Tensor> { ["prompt_role"] = tensor(new[] { role, role }) });
    }

    /// <summary>Prompts of one number each.</summary>
    private static PassPrompts Image(string prompt, string negative)
    {
        var reader = new PromptReader(new PromptSyntaxOptions());
        PassSteps[] passes = [new(2, null)];
        var prompts = new RequestPrompts(
            reader.Read(prompt, "Prompt", passes, composes: true), reader.Read(negative, "NegativePrompt", passes, composes: false));
        return new PassPrompts(
            new EncodedPrompts(prompts, [.. prompts.Prompt.Texts.Select(Encode)], [.. prompts.Negative.Texts.Select(Encode)])
            {
                GuidesByNegative = true,
            },
            0, 2, prompt => prompt);

        static Conditioning Encode(string text) => new(tensor(new[] { float.Parse(text) }).view(1, 1, 1));
    }

    private static GenerationRequest With(string feature, GenerationRequest request, ImageBuffer image) => feature switch
    {
        "ControlNet" => request with { ControlImages = [image] },
        "editing model" => request with { ReferenceImages = [image] },
        _ => request with { ImagePrompts = [new ImagePrompt { Images = [image], Masks = [image] }] },
    };

    private DiffusionPipeline Build(string feature, Func<DiffusionPipelineBuilder, DiffusionPipelineBuilder> change)
    {
        if (feature == "ControlNet" && !Directory.Exists(_controlNet["canny"])) TinyControlNets.Write(_controlNet["canny"], "sd1", 0);
        DiffusionPipelineBuilder builder = _folders.Model(feature == "editing model" ? "sd1-edit" : "sd1").UsePromptSyntax();
        return change(feature switch
        {
            "ControlNet" => builder.UseControlNet(_controlNet["canny"]),
            "editing model" => builder,
            "IP-Adapter" => builder.UseIpAdapter(_folders["sd1", "plain"]),
            _ => builder.UseIpAdapter(_folders["sd1", "plus"]),
        }).Build();
    }

    private static byte[] Draw(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private static void Close(byte[] expected, byte[] actual) =>
        Assert.All(expected.Zip(actual), pair => Assert.InRange(pair.First - pair.Second, -1, 1));

    /// <summary>Multiplies its text and one more than the image that it sees.</summary>
    private sealed class Multiplying : IDenoiser
    {
        public DenoiserDescription Description { get; } = new()
        {
            LatentChannels = 1, ConcatenatedChannels = 1,
        };

        public Tensor Predict(DenoiserInput input)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor text = input.Conditioning.HiddenStates.view(-1, 1, 1, 1);
            return text.add(text.mul(input.ConcatenatedLatents!)).MoveToOuterDisposeScope();
        }
    }
}
