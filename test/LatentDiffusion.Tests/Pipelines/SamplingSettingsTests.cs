using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Settings of the sampler reach it from a request and from the pipeline's options.</summary>
public sealed class SamplingSettingsTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a blue bird", Seed = 3, Steps = 4 };

    [Fact]
    public void Eta_comes_from_the_request_or_the_options()
    {
        using DiffusionPipeline plain = model.Builder().Build(), always = model.Builder().Configure(o => o.Eta = 0.7).Build();
        byte[] stochastic = Pixels(plain, s_request with { Eta = 0.7 });
        Assert.NotEqual(Pixels(plain, s_request), stochastic);
        Assert.Equal(Pixels(plain, s_request), Pixels(plain, s_request with { Eta = 0 }));
        Assert.Equal(stochastic, Pixels(always, s_request));
        Assert.Equal(Pixels(plain, s_request), Pixels(always, s_request with { Eta = 0 }));
        Assert.Equal("0.7", always.Generate(s_request).Images[0].Metadata["eta"]);
    }

    [Fact]
    public void Churn_comes_from_the_request_or_the_options()
    {
        using DiffusionPipeline plain = model.Builder().UseScheduler("euler").Build();
        using DiffusionPipeline always = model.Builder().UseScheduler("euler").Configure(o => o.Churn = new ChurnOptions(2)).Build();
        byte[] churned = Pixels(plain, s_request with { Churn = new ChurnOptions(2) });
        Assert.NotEqual(Pixels(plain, s_request), churned);
        Assert.Equal(churned, Pixels(always, s_request));
    }

    [Fact]
    public void The_network_is_evaluated_at_the_timesteps_of_the_request()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        GenerationRequest request = s_request with { Steps = null, Timesteps = [900, 500, 200, 40] };
        Assert.Equal([900, 500, 200, 40], Evaluations(pipeline, request));

        // Of four steps the strength leaves two.
        GeneratedImage image = pipeline.Generate(request).Images[0];
        Assert.Equal([200, 40], Evaluations(pipeline, request with { InitialImage = image.Image, Strength = 0.5 }));

        GenerationRequest again = GenerationMetadata.ReadRequest(image.ToPng());
        Assert.Equal(4, again.Steps);
        Assert.Equal(image.Image.Rgb.ToArray(), Pixels(pipeline, again));
    }

    [Fact]
    public void Noise_levels_of_the_request_replace_the_spacing()
    {
        using DiffusionPipeline pipeline = model.Builder().UseScheduler("euler").Build();
        INoiseScheduler euler = KnownSchedulers.Euler.Create(pipeline.Model!.SchedulerConfig);
        double[] sigmas = [.. AlignYourSteps.Sigmas("StableDiffusion", 5)];
        SamplingPlan plan = euler.Plan(new SamplingOptions { Sigmas = sigmas }, new LatentShape(4, 8, 8));
        Assert.Equal(plan.Timesteps, Evaluations(pipeline, s_request with { Steps = null, Sigmas = sigmas }));
    }

    /// <summary>The scheduler configuration of FLUX.1 dev: its shift depends on the image size.</summary>
    [Fact]
    public void A_scheduler_with_dynamic_shifting_runs()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in Directory.EnumerateFiles(model.Folder, "*", SearchOption.AllDirectories))
        {
            string copy = folder[Path.GetRelativePath(model.Folder, file)];
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        File.WriteAllText(folder[Path.Combine("scheduler", "scheduler_config.json")], """
            {
              "_class_name": "FlowMatchEulerDiscreteScheduler", "use_dynamic_shifting": true, "shift": 3.0,
              "base_shift": 0.5, "max_shift": 1.15, "base_image_seq_len": 256, "max_image_seq_len": 4096
            }
            """);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folder["."]).Build();

        // 16 x 16 pixels are 8 x 8 latents and 4 x 4 tokens.
        double[] small = Evaluations(pipeline, s_request), large = Evaluations(pipeline, s_request with { Width = 64, Height = 64 });
        Assert.Equal(Shifted(0.5 + 0.65 * (16 - 256) / 3840), small[1], 1e-3);
        Assert.Equal(Shifted(0.5), large[1], 1e-3);
        Assert.Equal(1000, Evaluations(pipeline, s_request with { Mu = 0 })[0]);
        Assert.Equal(Shifted(0), Evaluations(pipeline, s_request with { Mu = 0 })[1], 1e-3);

        double Shifted(double mu)
        {
            double sigma = 1 - (1 - 0.001) / 3;
            return 1000 * Math.Exp(mu) / (Math.Exp(mu) + 1 / sigma - 1);
        }
    }

    private static byte[] Pixels(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private static double[] Evaluations(DiffusionPipeline pipeline, GenerationRequest request)
    {
        var seen = new Timesteps();
        pipeline.Generate(request, seen);
        return [.. seen.Values];
    }

    private sealed class Timesteps : IProgress<GenerationProgress>
    {
        public List<double> Values { get; } = [];

        public void Report(GenerationProgress value) => Values.Add(value.Timestep);
    }
}
