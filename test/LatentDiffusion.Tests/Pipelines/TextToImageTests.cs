using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Text to image of each family through the public builder, step by step against loops written from the papers.</summary>
public sealed class TextToImageTests(FamilyFolders folders) : IClassFixture<FamilyFolders>
{
    private const int Steps = 6;

    public static TheoryData<string, string, ulong> Runs => EveryStep.Runs("sd1", "sd2", "xl", "xl-refiner");

    [Theory, MemberData(nameof(Runs))]
    public void Text_to_image_is_the_plain_loop(string family, string scheduler, ulong seed)
    {
        using var plain = new PlainFamily(family);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(seed);
        PlainSampler sampler = PlainSampler.Create(scheduler, Steps, plain.Velocity);
        sampler.Noise = generator;
        Func<Tensor, double, Tensor> predict = plain.Guided();
        Tensor x = randn([1, 4, 8, 12], generator: generator) * sampler.InitialSigma;
        List<Tensor> expected = [x];
        for (int i = 0; i < Steps; i++) expected.Add(x = sampler.Step(x, predict(sampler.Seen(x, i), sampler.Timesteps[i]), i));
        EveryStep.AssertClose(expected, EveryStep.Record(folders[family], scheduler, new GenerationRequest
        {
            Prompt = "ab a", Seed = seed, Steps = Steps, GuidanceScale = PlainFamily.Scale,
            Width = TaskImages.Width, Height = TaskImages.Height,
        }));
    }
}
