using System.Diagnostics.CodeAnalysis;

namespace LatentDiffusion;

/// <summary>Ready-made choices of scheduler, and those of a name.</summary>
/// <example>
/// <code>
/// using LatentDiffusion;
///
/// foreach (KnownScheduler known in KnownSchedulers.All) Console.WriteLine($"{known.Name}: {known.ClassName}");
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
///     .UseDrawingsModel()
///     .UseScheduler(KnownSchedulers.DpmSolverPlusPlus.Create)
///     .Build();
/// </code>
/// </example>
public static class KnownSchedulers
{
    /// <summary>Ancestral sampling (Ho et al. 2020).</summary>
    public static KnownScheduler Ddpm { get; } = new("ddpm", DdpmScheduler.ClassName);

    /// <summary>Denoising diffusion implicit models (Song et al. 2021).</summary>
    public static KnownScheduler Ddim { get; } = new("ddim", DdimScheduler.ClassName);

    /// <summary>Pseudo numerical methods with Runge-Kutta steps first (Liu et al. 2022).</summary>
    public static KnownScheduler Pndm { get; } = new("pndm", PndmScheduler.ClassName, ("skip_prk_steps", false));

    /// <summary>Pseudo linear multistep (Liu et al. 2022), without Runge-Kutta steps.</summary>
    public static KnownScheduler Plms { get; } = new("plms", PndmScheduler.ClassName, ("skip_prk_steps", true));

    /// <summary>Pseudo linear multistep for models of continuous time (Zhang &amp; Chen 2023).</summary>
    public static KnownScheduler Ipndm { get; } = new("ipndm", IpndmScheduler.ClassName);

    /// <summary>Linear multistep in σ.</summary>
    public static KnownScheduler Lms { get; } = new("lms", LmsScheduler.ClassName);

    /// <summary>Euler in σ (Karras et al. 2022).</summary>
    public static KnownScheduler Euler { get; } = new("euler", EulerScheduler.ClassName);

    /// <summary>Euler in σ with Karras spacing.</summary>
    public static KnownScheduler EulerKarras { get; } = new("euler-karras", EulerScheduler.ClassName, Karras);

    /// <summary>Euler with ancestral noise.</summary>
    public static KnownScheduler EulerAncestral { get; } = new("euler-a", EulerAncestralScheduler.ClassName);

    /// <summary>Heun in σ (Karras et al. 2022).</summary>
    public static KnownScheduler Heun { get; } = new("heun", HeunScheduler.ClassName);

    /// <summary>The midpoint method in log σ.</summary>
    public static KnownScheduler KDpm2 { get; } = new("kdpm2", KDpm2Scheduler.ClassName);

    /// <summary>The midpoint method in log σ with ancestral noise.</summary>
    public static KnownScheduler KDpm2Ancestral { get; } = new("kdpm2-a", KDpm2AncestralScheduler.ClassName);

    /// <summary>DPM-Solver++ 2M (Lu et al. 2022b).</summary>
    public static KnownScheduler DpmSolverPlusPlus { get; } =
        new("dpm++", DpmSolverMultistepScheduler.ClassName, ("algorithm_type", "dpmsolver++"));

    /// <summary>DPM-Solver++ 2M with Karras spacing.</summary>
    public static KnownScheduler DpmSolverPlusPlusKarras { get; } =
        new("dpm++-karras", DpmSolverMultistepScheduler.ClassName, ("algorithm_type", "dpmsolver++"), Karras);

    /// <summary>DPM-Solver++ 3M.</summary>
    public static KnownScheduler DpmSolverPlusPlus3 { get; } =
        new("dpm++-3m", DpmSolverMultistepScheduler.ClassName, ("algorithm_type", "dpmsolver++"), ("solver_order", 3));

    /// <summary>SDE-DPM-Solver++ 2M.</summary>
    public static KnownScheduler DpmSolverPlusPlusSde { get; } =
        new("dpm++-sde", DpmSolverMultistepScheduler.ClassName, ("algorithm_type", "sde-dpmsolver++"));

    /// <summary>SDE-DPM-Solver++ 2M with Heun's form of the second order.</summary>
    public static KnownScheduler DpmSolverPlusPlusSdeHeun { get; } = new(
        "dpm++-sde-heun", DpmSolverMultistepScheduler.ClassName, ("algorithm_type", "sde-dpmsolver++"), ("solver_type", "heun"));

    /// <summary>SDE-DPM-Solver++ 3M.</summary>
    public static KnownScheduler DpmSolverPlusPlusSde3 { get; } = new(
        "dpm++-3m-sde", DpmSolverMultistepScheduler.ClassName, ("algorithm_type", "sde-dpmsolver++"), ("solver_order", 3));

    /// <summary>SDE-DPM-Solver++ 2S, singlestep.</summary>
    public static KnownScheduler DpmSolverPlusPlusSdeSinglestep { get; } =
        new("dpm++-2s-sde", DpmSolverSinglestepScheduler.ClassName, ("algorithm_type", "sde-dpmsolver++"));

    /// <summary>DPM-Solver++ 2S, singlestep.</summary>
    public static KnownScheduler DpmSolverPlusPlusSinglestep { get; } =
        new("dpm++-2s", DpmSolverSinglestepScheduler.ClassName, ("algorithm_type", "dpmsolver++"));

    /// <summary>The unified predictor-corrector (Zhao et al. 2023).</summary>
    public static KnownScheduler UniPC { get; } = new("unipc", UniPCScheduler.ClassName);

    /// <summary>The diffusion exponential integrator sampler (Zhang &amp; Chen 2023).</summary>
    public static KnownScheduler Deis { get; } = new("deis", DeisScheduler.ClassName);

    /// <summary>The stochastic Adams solver (Xue et al. 2023).</summary>
    public static KnownScheduler SaSolver { get; } = new("sa-solver", SaSolverScheduler.ClassName);

    /// <summary>Latent consistency models (Luo et al. 2023).</summary>
    public static KnownScheduler Lcm { get; } = new("lcm", LcmScheduler.ClassName);

    /// <summary>Trajectory consistency models (Zheng et al. 2024).</summary>
    public static KnownScheduler Tcd { get; } = new("tcd", TcdScheduler.ClassName);

    /// <summary>Euler for EDM models (Karras et al. 2022).</summary>
    public static KnownScheduler EdmEuler { get; } = new("edm-euler", EdmEulerScheduler.ClassName);

    /// <summary>DPM-Solver++ 2M for EDM models.</summary>
    public static KnownScheduler EdmDpmSolverPlusPlus { get; } = new("edm-dpm++", EdmDpmSolverScheduler.ClassName);

    /// <summary>Euler for flow-matching models.</summary>
    public static KnownScheduler FlowMatchEuler { get; } = new("flow-euler", FlowMatchEulerScheduler.ClassName);

    /// <summary>Heun for flow-matching models.</summary>
    public static KnownScheduler FlowMatchHeun { get; } = new("flow-heun", FlowMatchHeunScheduler.ClassName);

    /// <summary>Consistency sampling for distilled flow-matching models.</summary>
    public static KnownScheduler FlowMatchLcm { get; } = new("flow-lcm", FlowMatchLcmScheduler.ClassName);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<KnownScheduler> All { get; } =
    [
        Ddpm, Ddim, Pndm, Plms, Ipndm, Lms, Euler, EulerKarras, EulerAncestral, Heun, KDpm2, KDpm2Ancestral,
        DpmSolverPlusPlus, DpmSolverPlusPlusKarras, DpmSolverPlusPlus3, DpmSolverPlusPlusSde, DpmSolverPlusPlusSdeHeun,
        DpmSolverPlusPlusSde3, DpmSolverPlusPlusSinglestep, DpmSolverPlusPlusSdeSinglestep,
        UniPC, Deis, SaSolver, Lcm, Tcd, EdmEuler, EdmDpmSolverPlusPlus, FlowMatchEuler, FlowMatchHeun, FlowMatchLcm,
    ];

    private static (string, object?) Karras => ("use_karras_sigmas", true);

    /// <summary>
    /// Finds a choice by its short name, or by the published name of its class. A short name may end in a spacing that the class has:
    /// <c>-karras</c>, <c>-exponential</c>, <c>-beta</c>, <c>-linspace</c>, <c>-leading</c> or <c>-trailing</c>, for example
    /// <c>dpm++-sde-karras</c>.
    /// </summary>
    /// <param name="name">The name, in any case.</param>
    /// <param name="scheduler">The choice.</param>
    public static bool TryGet(string? name, [NotNullWhen(true)] out KnownScheduler? scheduler)
    {
        scheduler = All.FirstOrDefault(k => k.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? All.FirstOrDefault(k => k.ClassName.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? NamedSpacing.Find(name);
        return scheduler is not null;
    }
}
