using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
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
    public void A_class_of_null_is_none()
    {
        SchedulerConfig config = SchedulerConfig.Parse("""{ "_class_name": null, "num_train_timesteps": 50 }""");
        Assert.Null(config.ClassName);
        Assert.Equal(50, config.ToNoiseSchedule().Timesteps);
    }

    [Fact]
    public void Published_configurations_load()
    {
        NoiseScheduler scheduler = NoiseScheduler.FromConfig(Published);
        Assert.IsType<PndmScheduler>(scheduler);
        Assert.Equal(0.012, scheduler.Schedule!.Betas[999], 1e-8);
        using ISchedulerRun run = scheduler.Start(new SamplingOptions { Steps = 10 });
        Assert.Equal([901, 801, 801, 701], run.Timesteps.Take(4));
    }

    [Theory]
    [MemberData(nameof(ClassNames))]
    public void Every_class_writes_its_configuration_and_reads_it_back(string className)
    {
        NoiseScheduler first = NoiseScheduler.FromConfig($$"""{"_class_name": "{{className}}"}""");
        string json = first.ToConfig().ToJson();
        NoiseScheduler second = NoiseScheduler.FromConfig(json);
        Assert.Equal(first.GetType(), second.GetType());
        Assert.Equal(json, second.ToConfig().ToJson());
        Assert.Contains($"\"_class_name\": \"{className}\"", json, StringComparison.Ordinal);
    }

    public static TheoryData<string> ClassNamesAndUnknown => [.. SchedulerClasses.Names, "DPMSolverSDEScheduler"];

    [Theory]
    [MemberData(nameof(ClassNames))]
    public void What_a_program_sets_and_a_class_does_not_have_is_refused(string className)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() =>
            NoiseScheduler.FromConfig(SchedulerConfig.Empty.WithClass(className).With("no_such_option", 1)));
        Assert.Contains("no_such_option", error.Message, StringComparison.Ordinal);
        Assert.Contains(className, error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new DdimScheduler(SchedulerConfig.Empty.With("use_karras_sigmas", true)));
    }

    [Theory]
    [MemberData(nameof(ClassNames))]
    public void What_a_file_has_and_a_class_does_not_is_ignored(string className)
    {
        NoiseScheduler scheduler = NoiseScheduler.FromConfig($$"""
            {
              "_class_name": "{{className}}", "_private": 3, "no_such_option": 1, "off": false, "tensor_format": "pt",
              "timestep_values": null
            }
            """);
        Assert.Equal(["no_such_option", "tensor_format"], scheduler.IgnoredOptions);
    }

    [Theory]
    [MemberData(nameof(ClassNamesAndUnknown))]
    public void Every_class_is_made_from_the_file_of_every_other(string fileClass)
    {
        SchedulerConfig file = fileClass == "DPMSolverSDEScheduler"
            ? SchedulerConfig.Parse("""
                { "_class_name": "DPMSolverSDEScheduler", "beta_end": 0.012, "noise_sampler_seed": 7, "use_karras_sigmas": true }
                """)
            : NoiseScheduler.FromConfig(SchedulerConfig.Empty.WithClass(fileClass)).ToConfig();
        foreach (string className in SchedulerClasses.Names)
        {
            // As given options, and as the defaults that newer files list.
            string json = file.ToJson();
            foreach (string text in (string[])[json, Rename(json, "_use_default_values", "_defaults")])
            {
                Assert.Equal(className, NoiseScheduler.FromConfig(Rename(text, fileClass, className)).ToConfig().ClassName);
                Assert.Equal(className, SchedulerClasses.Create(className, SchedulerConfig.Parse(text)).ToConfig().ClassName);
            }
        }

        static string Rename(string json, string from, string to) => json.Replace($"\"{from}\"", $"\"{to}\"", StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(ClassNames))]
    public void Every_class_is_made_from_every_published_file(string className)
    {
        foreach ((string name, JsonNode? file) in ReferenceFiles.Read("published-configs.json")
            .Where(c => c.Key.StartsWith("scheduler-", StringComparison.Ordinal)))
        {
            string json = file!.ToJsonString();
            Assert.True(SchedulerClasses.Create(className, SchedulerConfig.Parse(json)).ToConfig().ClassName == className, name);
            file["_class_name"] = className;
            Assert.True(NoiseScheduler.FromConfig(file.ToJsonString()).ToConfig().ClassName == className, name);
        }
    }

    [Fact]
    public void Known_schedulers_are_made_over_classes_that_are_not_known()
    {
        SchedulerConfig model = SchedulerConfig.Parse("""
            {
              "_class_name": "DPMSolverSDEScheduler", "beta_end": 0.012, "beta_start": 0.00085, "prediction_type": "v_prediction"
            }
            """);
        foreach (KnownScheduler known in KnownSchedulers.All.Where(k => SchedulerClasses.FamilyOf(k.ClassName) == SchedulerFamily.Discrete))
            Assert.Equal(0.012, known.Create(model).Schedule!.Betas[999], 1e-8);
        Assert.Equal(0.012, model.ToNoiseSchedule().Betas[999], 1e-8);
        Assert.Equal(PredictionType.Velocity, DiffusionProcess.FromConfig(model).PredictionType);
        Assert.Equal(PredictionType.Flow,
            DiffusionProcess.FromConfig(SchedulerConfig.Parse("""{ "_class_name": "FlowMatchLCMScheduler" }""")).PredictionType);
        Assert.Throws<ArgumentException>(() => KnownSchedulers.FlowMatchEuler.Create(model));
    }

    [Theory]
    [InlineData("false", PredictionType.Sample)]
    [InlineData("true", PredictionType.Epsilon)]
    [InlineData("false, \"prediction_type\": \"epsilon\"", PredictionType.Epsilon)]
    public void The_option_before_prediction_type_is_translated(string predictEpsilon, PredictionType expected)
    {
        NoiseScheduler scheduler = NoiseScheduler.FromConfig(
            $$"""{ "_class_name": "DDPMScheduler", "predict_epsilon": {{predictEpsilon}} }""");
        Assert.Equal(expected, scheduler.PredictionType);
        Assert.Empty(scheduler.IgnoredOptions);
    }

    [Fact]
    public void Null_is_the_default_of_every_option()
    {
        foreach (string className in SchedulerClasses.Names)
        {
            SchedulerConfig defaults = NoiseScheduler.FromConfig(SchedulerConfig.Empty.WithClass(className)).ToConfig();
            string options = string.Join(", ", defaults.Names.Select(name => $"\"{name}\": null"));
            string nulls = $$"""{ "_class_name": "{{className}}", {{options}} }""";
            NoiseScheduler read = NoiseScheduler.FromConfig(nulls), made = NoiseScheduler.FromConfig(defaults);
            Assert.Equal(made.PredictionType, read.PredictionType);
            Assert.Equal(made.TrainingTimesteps, read.TrainingTimesteps);
            Assert.Equal(made.Schedule?.AlphasCumprod, read.Schedule?.AlphasCumprod);
        }
    }

    [Fact]
    public void The_work_of_reading_grows_with_the_file()
    {
        Work(100);
        Assert.True(Work(8000) < 2.5 * Work(4000));

        static long Work(int keys)
        {
            string options = string.Join(", ", Enumerable.Range(0, keys).Select(i => $"\"k{i}\": 1"));
            string json = $$"""{ "_class_name": "DDIMScheduler", {{options}} }""";
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(keys, NoiseScheduler.FromConfig(json).IgnoredOptions.Count);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void Switching_keeps_the_training_schedule_and_drops_defaults()
    {
        SchedulerConfig pndm = NoiseScheduler.FromConfig(Published).ToConfig();
        EulerScheduler euler = new(pndm);
        Assert.Equal(0.012, euler.Schedule!.Betas[999], 1e-8);

        // PNDM's default spacing is 'leading' and Euler's 'linspace': it does not leak.
        using ISchedulerRun run = euler.Start(new SamplingOptions { Steps = 10 });
        Assert.Equal(999, run.Timesteps[0]);

        // Options that Euler does not have come back with DDIM.
        DdimScheduler ddim = new(euler.ToConfig());
        JsonElement json = JsonElement.Parse(ddim.ToConfig().ToJson());
        Assert.False(json.GetProperty("set_alpha_to_one").GetBoolean());
        Assert.False(json.GetProperty("clip_sample").GetBoolean());
        Assert.Equal(1, json.GetProperty("steps_offset").GetInt32());
        Assert.Equal("leading", json.GetProperty("timestep_spacing").GetString());
    }

    [Fact]
    public void Switching_works_over_written_configurations_too()
    {
        SchedulerConfig read = SchedulerConfig.Parse(new PndmScheduler().ToConfig().ToJson());
        using ISchedulerRun run = new EulerScheduler(read).Start(new SamplingOptions { Steps = 10 });
        Assert.Equal(999, run.Timesteps[0]);
    }

    [Fact]
    public void Words_of_other_classes_become_the_default()
    {
        UniPCScheduler unipc = new(new DpmSolverMultistepScheduler(SchedulerConfig.Empty.With("solver_type", "heun")).ToConfig());
        DeisScheduler deis = new(unipc.ToConfig());
        DpmSolverMultistepScheduler back = new(deis.ToConfig());
        Assert.Equal("DPMSolverMultistepScheduler", back.ToConfig().ClassName);
    }

    [Fact]
    public void Infinities_are_read_and_written_as_published()
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
    [InlineData(
        """
        {
          "_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "sde-dpmsolver", "final_sigmas_type": "sigma_min",
          "solver_order": 3
        }
        """,
        "solver_order")]
    [InlineData("""{"_class_name": "UniPCMultistepScheduler", "shift_terminal": 0.1}""", "shift_terminal")]
    [InlineData("""{"_class_name": "NoSuchScheduler"}""", "NoSuchScheduler")]
    [InlineData("""{"beta_start": 0.1}""", "_class_name")]
    [InlineData("""{"_class_name": "DDIMScheduler", "num_train_timesteps": 2000000000}""", "num_train_timesteps")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 2000000000}""", "num_train_timesteps")]
    [InlineData("""{"_class_name": "EDMEulerScheduler", "num_train_timesteps": 2000000000}""", "num_train_timesteps")]
    [InlineData("""{"_class_name": "DDIMScheduler", "beta_end": 1, "beta_end": 1}""", "beta_end")]
    [InlineData("""{"_class_name": "\ud800"}""", "JSON")]
    [InlineData("""{"_class_name": 3}""", "_class_name")]
    [InlineData("""{"_class_name": "UniPCMultistepScheduler", "disable_corrector": [1e30]}""", "disable_corrector")]
    [InlineData("[1, 2]", "object")]
    [InlineData("{", "JSON")]
    public void Bad_configurations_are_refused(string json, string named) =>
        Assert.Contains(named, Assert.ThrowsAny<ArgumentException>(() => NoiseScheduler.FromConfig(json)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Known_schedulers_take_over_the_models_schedule()
    {
        SchedulerConfig model = SchedulerConfig.Parse(Published);
        foreach (KnownScheduler known in KnownSchedulers.All.Where(k => SchedulerClasses.FamilyOf(k.ClassName) == SchedulerFamily.Discrete))
        {
            NoiseScheduler scheduler = known.Create(model);
            Assert.Equal(known.ClassName, scheduler.ToConfig().ClassName);
            Assert.Equal(model.ToNoiseSchedule().AlphasCumprod, scheduler.Schedule!.AlphasCumprod);
        }

        Assert.Throws<ArgumentException>(() => KnownSchedulers.FlowMatchEuler.Create(model));
        Assert.Throws<ArgumentException>(() => KnownSchedulers.EdmEuler.Create(model));
    }

    [Fact]
    public void Exponential_integrators_sample_from_flows()
    {
        SchedulerConfig flow = SchedulerConfig.Parse("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}""");
        NoiseScheduler scheduler = KnownSchedulers.DpmSolverPlusPlus.Create(flow);
        Assert.Equal(PredictionType.Flow, scheduler.PredictionType);
        Assert.Contains("\"flow_shift\": 3", scheduler.ToConfig().ToJson(), StringComparison.Ordinal);
        Assert.IsType<FlowMatchEulerScheduler>(KnownSchedulers.FlowMatchEuler.Create(scheduler.ToConfig()));
        Assert.Throws<ArgumentException>(() => KnownSchedulers.Euler.Create(flow));
    }

    [Fact]
    public void Known_schedulers_are_found_by_name()
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
