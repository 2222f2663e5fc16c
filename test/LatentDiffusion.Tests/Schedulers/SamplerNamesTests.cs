using Xunit;

namespace LatentDiffusion.Tests.Schedulers;

/// <summary>Names of samplers in other programs.</summary>
public sealed class SamplerNamesTests
{
    private static readonly SchedulerConfig s_model = SchedulerConfig.Parse(
        """{ "_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear" }""");

    [Theory]
    [InlineData("DPM++ 2M Karras", null, "dpm++-karras")]
    [InlineData("DPM++ 2M", "Karras", "dpm++-karras")]
    [InlineData("dpm++ 2m", "karras", "dpm++-karras")]
    [InlineData("DPM++ 2M", "Automatic", "dpm++-karras")]
    [InlineData("DPM++ 2M", null, "dpm++")]
    [InlineData("Euler", "Automatic", "euler")]
    [InlineData("Euler a", null, "euler-a")]
    [InlineData("Euler", "Normal", "euler-linspace")]
    [InlineData("Euler a", "SGM Uniform", "euler-a-trailing")]
    [InlineData("DPM++ SDE", null, "dpm++-2s-sde")]
    [InlineData("DPM++ SDE Karras", null, "dpm++-2s-sde-karras")]
    [InlineData("DPM++ 2M SDE", "Exponential", "dpm++-sde-exponential")]
    [InlineData("DPM++ 2M SDE Heun", "", "dpm++-sde-heun")]
    [InlineData("DPM++ 3M SDE", "Automatic", "dpm++-3m-sde-exponential")]
    [InlineData("DPM2 a Karras", null, "kdpm2-a-karras")]
    [InlineData("LMS Karras", null, "lms-karras")]
    [InlineData("UniPC", null, "unipc")]
    [InlineData("LCM", "SGM Uniform", "lcm-trailing")]
    [InlineData("DDIM", null, "ddim")]
    [InlineData("dpmpp_2m", "karras", "dpm++-karras")]
    [InlineData("dpmpp_2m_sde_gpu", "beta", "dpm++-sde-beta")]
    [InlineData("euler_ancestral", "normal", "euler-a-linspace")]
    [InlineData("uni_pc_bh2", "simple", "unipc-trailing")]
    [InlineData("ddim", "ddim_uniform", "ddim-leading")]
    [InlineData("dpmpp_2m_k", null, "dpm++-karras")]
    [InlineData("euler_a", null, "euler-a")]
    [InlineData("k_euler_ancestral", null, "euler-a")]
    [InlineData("k_dpmpp_2m", "exponential", "dpm++-exponential")]
    [InlineData("EulerAncestralDiscreteScheduler", null, "euler-a")]
    [InlineData("DPMSolverMultistepScheduler", null, "dpm++")]
    public void Samplers_of_other_programs_have_a_scheduler(string sampler, string? schedule, string expected)
    {
        KnownScheduler scheduler = SamplerNames.Get(sampler, schedule);
        Assert.Equal(expected, scheduler.Name);
        Assert.True(KnownSchedulers.TryGet(expected, out KnownScheduler? named));
        Assert.Equal(named.Create(s_model).Configuration, scheduler.Create(s_model).Configuration);
    }

    [Theory]
    [InlineData("res_multistep", null)]
    [InlineData("DPM adaptive", null)]
    [InlineData("Euler a", "Karras")]
    [InlineData("DDIM", "karras")]
    [InlineData("Euler", "KL Optimal")]
    [InlineData("Euler Karras", "Karras")]
    public void Others_are_refused_by_name(string sampler, string? schedule)
    {
        Assert.False(SamplerNames.TryGet(sampler, schedule, out _));
        string message = Assert.Throws<NotSupportedException>(() => SamplerNames.Get(sampler, schedule)).Message;
        Assert.Contains($"'{sampler}'", message, StringComparison.Ordinal);
        if (schedule is not null) Assert.Contains($"'{schedule}'", message, StringComparison.Ordinal);
        Assert.False(SamplerNames.TryGet(null, schedule, out _));
    }

    [Theory]
    [InlineData("dpm++-karras", "DPM++ 2M|Karras", "dpmpp_2m|karras", "dpmpp_2m_k|")]
    [InlineData("euler-a", "Euler a|", "euler_ancestral|", "euler_a|")]
    [InlineData("euler-trailing", "Euler|SGM Uniform", "euler|sgm_uniform", null)]
    [InlineData("tcd", "TCD|", null, "tcd|")]
    [InlineData("dpm++-2s", null, null, "dpmpp_2s|")]
    public void Schedulers_have_their_names_in_other_programs(string name, string? webUI, string? comfyUI, string? invokeAI)
    {
        Assert.True(KnownSchedulers.TryGet(name, out KnownScheduler? scheduler));
        Assert.Equal(
            [webUI, comfyUI, invokeAI],
            new[] { SamplerProgram.WebUI, SamplerProgram.ComfyUI, SamplerProgram.InvokeAI }
                .Select(program => SamplerNames.For(scheduler, program) is { } n ? $"{n.Sampler}|{n.Schedule}" : null));
        Assert.Equal(scheduler.ClassName, SamplerNames.For(scheduler, SamplerProgram.Diffusers)!.Sampler);
    }

    [Fact]
    public void Every_name_that_is_written_is_read_back()
    {
        int count = 0;
        foreach (KnownScheduler scheduler in KnownSchedulers.All)
        {
            foreach (SamplerProgram program in Enum.GetValues<SamplerProgram>().Where(p => p != SamplerProgram.Diffusers))
            {
                if (SamplerNames.For(scheduler, program) is not { } name) continue;
                Assert.Equal(scheduler.Name, SamplerNames.Get(name.Sampler, name.Schedule).Name);
                count++;
            }
        }

        Assert.InRange(count, 45, 100);
    }

    [Fact]
    public void A_spacing_replaces_that_of_the_model()
    {
        SchedulerConfig karras = s_model.With("use_karras_sigmas", true);
        Assert.True(KnownSchedulers.TryGet("DPM++-beta", out KnownScheduler? beta));
        SchedulerConfig made = beta.Create(karras).ToConfig();
        Assert.Equal((false, true), (made.Text("use_karras_sigmas") == "True", made.ToJson().Contains("\"use_beta_sigmas\": true")));
        Assert.False(KnownSchedulers.TryGet("ddim-karras", out _));
        Assert.False(KnownSchedulers.TryGet("euler-even", out _));
    }
}
