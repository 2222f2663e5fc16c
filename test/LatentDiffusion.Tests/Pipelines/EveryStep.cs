using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>The latents that go into each step of a pipeline and those at its end, with their expected values.</summary>
internal static class EveryStep
{
    /// <summary>Each family with samplers of each kind, by turns with several seeds.</summary>
    public static TheoryData<string, string, ulong> Runs(params string[] families)
    {
        ulong[] seeds = [3, 42, ulong.MaxValue];
        var runs = new TheoryData<string, string, ulong>();
        foreach (string family in families)
            foreach (string scheduler in (string[])["ddim", "euler", "dpm++", "euler-a"])
                runs.Add(family, scheduler, seeds[runs.Count % seeds.Length]);
        return runs;
    }

    /// <summary>A pipeline with the timesteps of <see cref="PlainSampler"/>.</summary>
    public static DiffusionPipeline Build(string folder, string scheduler, out SeenLatents seen)
    {
        DiffusionModel model = DiffusionModel.Open(folder, CPU);
        SchedulerConfig config = model.SchedulerConfig.With("timestep_spacing", "leading");
        Assert.True(KnownSchedulers.TryGet(scheduler, out KnownScheduler? known));
        seen = new SeenLatents(known.Create(config), model.Autoencoder);
        return new DiffusionPipelineBuilder().UseModel(_ => model).UseScheduler(seen).UseAutoencoder(seen).Build();
    }

    /// <summary>The latents of a request.</summary>
    public static List<Tensor> Record(string folder, string scheduler, GenerationRequest request)
    {
        using DiffusionPipeline pipeline = Build(folder, scheduler, out SeenLatents seen);
        pipeline.Generate(request);
        return seen.Seen;
    }

    public static void AssertClose(List<Tensor> expected, List<Tensor> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach ((Tensor one, Tensor other) in expected.Zip(actual))
        {
            Assert.Equal(one.shape, other.shape);
            Assert.InRange((one - other).abs().max().item<float>(), 0, 1e-4);
        }
    }
}
