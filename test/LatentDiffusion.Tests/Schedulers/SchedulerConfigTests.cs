using System.Text.Json;
using Xunit;

namespace LatentDiffusion.Tests.Schedulers;

/// <summary>Configurations: read, written, switched between classes, and refused.</summary>
public sealed class SchedulerConfigTests
{
    /// <summary>As published with a well-known latent diffusion model.</summary>
    private const string Published = """
        {
          "_class_name": "PNDMScheduler",
          "_diffusers_version": "0.6.0",
          "beta_end": 0.012,
          "beta_schedule": "scaled_linear",
          "beta_start": 0.00085,
          "num_train_timesteps": 1000,
          "set_alpha_to_one": false,
          "skip_prk_steps": true,
          "steps_offset": 1,
          "trained_betas": null,
          "clip_sample": false
        }
        """;

    public static TheoryData<string> ClassNames => new(SchedulerClasses.Names);

    [Fact]
    public void PublishedConfigurationsLoad()
    {
        NoiseScheduler scheduler = NoiseScheduler.FromConfig(Published);
        Assert.IsType<PndmScheduler>(scheduler);
        Assert.Equal(0.012, scheduler.Schedule!.Betas[999], 1e-8);
        using ISchedulerRun run = scheduler.Start(new SamplingOptions { Steps = 10 });
        Assert.Equal([901, 801, 801, 701], run.Timesteps.Take(4));
    }

    [Theory]
    [MemberData(nameof(ClassNames))]
    public void EveryClassWritesItsConfigurationAndReadsItBack(string className)
    {
        NoiseScheduler first = NoiseScheduler.FromConfig($$"""{"_class_name": "{{className}}"}""");
        string json = first.ToConfig().ToJson();
        NoiseScheduler second = NoiseScheduler.FromConfig(json);
        Assert.Equal(first.GetType(), second.GetType());
        Assert.Equal(json, second.ToConfig().ToJson());
        Assert.Contains($"\"_class_name\": \"{className}\"", json, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(ClassNames))]
    public void UnknownOptionsAreNamed(string className)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => NoiseScheduler.FromConfig($$"""{"_class_name": "{{className}}", "no_such_option": 1}"""));
        Assert.Contains("no_such_option", error.Message, StringComparison.Ordinal);
        Assert.Contains(className, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OptionsOfOtherClassesAreErrorsWhereTheyAskForSomething()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => NoiseScheduler.FromConfig("""{"_class_name": "DDIMScheduler", "use_karras_sigmas": true}"""));
        Assert.Contains("use_karras_sigmas", error.Message, StringComparison.Ordinal);
        NoiseScheduler.FromConfig("""{"_class_name": "DDIMScheduler", "use_karras_sigmas": false, "_private": 3, "skip_prk_steps": true}""");
    }

    [Fact]
    public void SwitchingKeepsTheTrainingScheduleAndDropsDefaults()
    {
        SchedulerConfig pndm = NoiseScheduler.FromConfig(Published).ToConfig();
        EulerScheduler euler = new(pndm);
        Assert.Equal(0.012, euler.Schedule!.Betas[999], 1e-8);

        // PNDM's default spacing is 'leading' and Euler's 'linspace': it does not leak.
        using ISchedulerRun run = euler.Start(new SamplingOptions { Steps = 10 });
        Assert.Equal(999, run.Timesteps[0]);

        // What Euler does not know comes back with DDIM.
        DdimScheduler ddim = new(euler.ToConfig());
        JsonElement json = JsonElement.Parse(ddim.ToConfig().ToJson());
        Assert.False(json.GetProperty("set_alpha_to_one").GetBoolean());
        Assert.False(json.GetProperty("clip_sample").GetBoolean());
        Assert.Equal(1, json.GetProperty("steps_offset").GetInt32());
        Assert.Equal("leading", json.GetProperty("timestep_spacing").GetString());
    }

    [Fact]
    public void SwitchingWorksOverWrittenConfigurationsToo()
    {
        SchedulerConfig read = SchedulerConfig.Parse(new PndmScheduler().ToConfig().ToJson());
        using ISchedulerRun run = new EulerScheduler(read).Start(new SamplingOptions { Steps = 10 });
        Assert.Equal(999, run.Timesteps[0]);
    }

    [Fact]
    public void WordsOfOtherClassesBecomeTheDefault()
    {
        UniPCScheduler unipc = new(new DpmSolverMultistepScheduler(SchedulerConfig.Empty.With("solver_type", "heun")).ToConfig());
        DeisScheduler deis = new(unipc.ToConfig());
        DpmSolverMultistepScheduler back = new(deis.ToConfig());
        Assert.Equal("DPMSolverMultistepScheduler", back.ToConfig().ClassName);
    }

    [Fact]
    public void InfinitiesAreReadAndWrittenAsPublished()
    {
        string json = new DpmSolverMultistepScheduler().ToConfig().ToJson();
        Assert.Contains("\"lambda_min_clipped\": -Infinity", json, StringComparison.Ordinal);
        NoiseScheduler.FromConfig(json);
    }

    [Theory]
    [InlineData("""{"_class_name": "DDIMScheduler", "beta_start": "low"}""", "beta_start")]
    [InlineData("""{"_class_name": "DDIMScheduler", "beta_schedule": "steep"}""", "beta_schedule")]
    [InlineData("""{"_class_name": "DDIMScheduler", "prediction_type": "flow_prediction"}""", "prediction_type")]
    [InlineData("""{"_class_name": "DDIMScheduler", "num_train_timesteps": 0}""", "num_train_timesteps")]
    [InlineData("""{"_class_name": "DDIMScheduler", "num_train_timesteps": 2.5}""", "num_train_timesteps")]
    [InlineData("""{"_class_name": "DDIMScheduler", "trained_betas": [0.1, 0.2]}""", "trained_betas")]
    [InlineData("""{"_class_name": "EulerDiscreteScheduler", "use_karras_sigmas": true, "use_beta_sigmas": true}""", "use_karras_sigmas")]
    [InlineData("""{"_class_name": "DPMSolverMultistepScheduler", "solver_order": 4}""", "solver_order")]
    [InlineData("""{"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "dpmsolver"}""", "final_sigmas_type")]
    [InlineData("""{"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "sde-dpmsolver", "final_sigmas_type": "sigma_min", "solver_order": 3}""", "solver_order")]
    [InlineData("""{"_class_name": "UniPCMultistepScheduler", "shift_terminal": 0.1}""", "shift_terminal")]
    [InlineData("""{"_class_name": "NoSuchScheduler"}""", "NoSuchScheduler")]
    [InlineData("""{"beta_start": 0.1}""", "_class_name")]
    [InlineData("[1, 2]", "object")]
    [InlineData("{", "JSON")]
    public void BadConfigurationsAreRefused(string json, string named) =>
        Assert.Contains(named, Assert.ThrowsAny<ArgumentException>(() => NoiseScheduler.FromConfig(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void KnownSchedulersTakeOverTheModelsSchedule()
    {
        SchedulerConfig model = SchedulerConfig.Parse(Published);
        foreach (KnownScheduler known in KnownSchedulers.All.Where(k => SchedulerClasses.FamilyOf(k.ClassName) == SchedulerFamily.Discrete))
        {
            NoiseScheduler scheduler = known.Create(model);
            Assert.Equal(known.ClassName, scheduler.ToConfig().ClassName);
            Assert.Equal(model.ToNoiseSchedule().AlphaBars, scheduler.Schedule!.AlphaBars);
        }

        Assert.Throws<ArgumentException>(() => KnownSchedulers.FlowMatchEuler.Create(model));
        Assert.Throws<ArgumentException>(() => KnownSchedulers.EdmEuler.Create(model));
    }

    [Fact]
    public void ExponentialIntegratorsSampleFromFlows()
    {
        SchedulerConfig flow = SchedulerConfig.Parse("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}""");
        NoiseScheduler scheduler = KnownSchedulers.DpmSolverPlusPlus.Create(flow);
        Assert.Equal(PredictionType.Flow, scheduler.PredictionType);
        Assert.Contains("\"flow_shift\": 3", scheduler.ToConfig().ToJson(), StringComparison.Ordinal);
        Assert.IsType<FlowMatchEulerScheduler>(KnownSchedulers.FlowMatchEuler.Create(scheduler.ToConfig()));
        Assert.Throws<ArgumentException>(() => KnownSchedulers.Euler.Create(flow));
    }

    [Fact]
    public void KnownSchedulersAreFoundByName()
    {
        Assert.Equal(KnownSchedulers.All.Count, KnownSchedulers.All.Select(k => k.Name).Distinct().Count());
        Assert.True(KnownSchedulers.TryGet("DPM++", out KnownScheduler? found));
        Assert.Same(KnownSchedulers.DpmSolverPlusPlus, found);
        Assert.True(KnownSchedulers.TryGet("EulerDiscreteScheduler", out found));
        Assert.Same(KnownSchedulers.Euler, found);
        Assert.False(KnownSchedulers.TryGet("no such", out _));
        Assert.False(KnownSchedulers.TryGet(null, out _));
    }
}
