namespace LatentDiffusion.Schedulers;

/// <summary>
/// The samplers of other programs, one row each. The first name in each column is written, all are read. Automatic is the schedule that the
/// web UI chooses for the sampler (its <c>Schedule type: Automatic</c>).
/// </summary>
/// <param name="Scheduler">The same sampler here.</param>
/// <param name="WebUI">Names in the web UI and its followers.</param>
/// <param name="ComfyUI">Names in ComfyUI.</param>
/// <param name="InvokeAI">Names in InvokeAI, of old versions and NovelAI too.</param>
/// <param name="Automatic">A spacing, or null.</param>
internal sealed record SamplerTable(
    KnownScheduler Scheduler, string[] WebUI, string[] ComfyUI, string[] InvokeAI, string? Automatic = null)
{
    private const string Karras = NamedSpacing.Karras, Exponential = NamedSpacing.Exponential;

    public static IReadOnlyList<SamplerTable> Rows { get; } =
    [
        new(KnownSchedulers.Euler, ["Euler"], ["euler"], ["euler", "k_euler"]),
        new(KnownSchedulers.EulerAncestral, ["Euler a"], ["euler_ancestral"], ["euler_a", "k_euler_a", "k_euler_ancestral"]),
        new(KnownSchedulers.Heun, ["Heun"], ["heun"], ["heun", "k_heun"]),
        new(KnownSchedulers.Lms, ["LMS"], ["lms"], ["lms", "k_lms"]),
        new(KnownSchedulers.KDpm2, ["DPM2"], ["dpm_2"], ["kdpm_2", "k_dpm_2"], Karras),
        new(KnownSchedulers.KDpm2Ancestral, ["DPM2 a"], ["dpm_2_ancestral"], ["kdpm_2_a", "k_dpm_2_a"], Karras),
        new(KnownSchedulers.DpmSolverPlusPlus, ["DPM++ 2M"], ["dpmpp_2m"], ["dpmpp_2m", "k_dpmpp_2m", "k_dpmpp_2"], Karras),
        new(
            KnownSchedulers.DpmSolverPlusPlusSde, ["DPM++ 2M SDE"], ["dpmpp_2m_sde", "dpmpp_2m_sde_gpu"],
            ["dpmpp_2m_sde", "k_dpmpp_2m_sde"], Exponential),
        new(
            KnownSchedulers.DpmSolverPlusPlusSdeHeun, ["DPM++ 2M SDE Heun"], ["dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun_gpu"], [],
            Exponential),
        new(KnownSchedulers.DpmSolverPlusPlusSde3, ["DPM++ 3M SDE"], ["dpmpp_3m_sde", "dpmpp_3m_sde_gpu"], [], Exponential),
        new(
            KnownSchedulers.DpmSolverPlusPlusSdeSinglestep, ["DPM++ SDE"], ["dpmpp_sde", "dpmpp_sde_gpu"], ["dpmpp_sde", "k_dpmpp_sde"],
            Karras),
        new(KnownSchedulers.DpmSolverPlusPlusSinglestep, [], [], ["dpmpp_2s"]),
        new(KnownSchedulers.DpmSolverPlusPlus3, ["DPM++ 3M"], [], ["dpmpp_3m"]),
        new(KnownSchedulers.Ddim, ["DDIM"], ["ddim"], ["ddim"]),
        new(KnownSchedulers.Ddpm, ["DDPM"], ["ddpm"], ["ddpm"]),
        new(KnownSchedulers.Plms, ["PLMS"], [], ["pndm", "plms"]),
        new(KnownSchedulers.UniPC, ["UniPC"], ["uni_pc_bh2", "uni_pc"], ["unipc"]),
        new(KnownSchedulers.Deis, ["DEIS"], ["deis"], ["deis"]),
        new(KnownSchedulers.Ipndm, ["IPNDM"], ["ipndm"], []),
        new(KnownSchedulers.SaSolver, ["SA Solver"], ["sa_solver"], []),
        new(KnownSchedulers.Lcm, ["LCM"], ["lcm"], ["lcm"]),
        new(KnownSchedulers.Tcd, ["TCD"], [], ["tcd"]),
    ];

    /// <summary>The noise schedules of other programs: ours, that of the web UI, that of ComfyUI, and further names.</summary>
    public static IReadOnlyList<(string Spacing, string WebUI, string ComfyUI, string[] More)> Spacings { get; } =
    [
        (Karras, "Karras", "karras", ["k", "native_karras"]),
        (Exponential, "Exponential", "exponential", []),
        (NamedSpacing.Beta, "Beta", "beta", []),
        // Both take the last timestep of each interval; with a thousand timesteps they agree.
        (TimestepSpacing.Trailing, "SGM Uniform", "sgm_uniform", ["Simple", "simple", "sgmuniform"]),
        (TimestepSpacing.Linspace, "Normal", "normal", ["discrete", "Uniform"]),
        (TimestepSpacing.Leading, "DDIM", "ddim_uniform", ["ddim"]),
    ];

    /// <summary>All names of the sampler in other programs.</summary>
    public IEnumerable<string> Names => WebUI.Concat(ComfyUI).Concat(InvokeAI);

    /// <summary>The names in one program, which has names of its own.</summary>
    public IReadOnlyList<string> In(SamplerProgram program) => program switch
    {
        SamplerProgram.WebUI => WebUI,
        SamplerProgram.ComfyUI => ComfyUI,
        _ => InvokeAI,
    };
}
