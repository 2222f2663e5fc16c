namespace LatentDiffusion.Tests.Schedulers.Exact;

/// <summary>A deterministic sampler and the order that its paper claims.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Order">The order of convergence to expect: the paper's, unless the published formula has another.</param>
/// <param name="Make">Makes it, over a schedule whose grids refine smoothly.</param>
/// <param name="End">The timestep at which errors are compared; null for the last evaluation.</param>
/// <param name="Group">Evaluations per step of a singlestep method: the last one of each group is compared.</param>
public sealed record Solver(string Name, int Order, Func<NoiseScheduler> Make, double? End = null, int Group = 1)
{
    /// <summary>T of the solvers that step over integer timesteps: fine, so that their grids refine evenly.</summary>
    private const int FineTimesteps = 3840;

    /// <summary>All deterministic samplers.</summary>
    public static IReadOnlyList<Solver> All { get; } =
    [
        Fine("DDIM", 1, c => new DdimScheduler(c.With("clip_sample", false).With("timestep_spacing", "trailing"))),
        Fine("TCD, γ = 0", 1, c => new TcdScheduler(c.With("original_inference_steps", FineTimesteps))),
        Fine("PNDM", 2, c => new PndmScheduler(c.With("timestep_spacing", "trailing"))),
        Fine("PNDM without Runge-Kutta", 2, c => new PndmScheduler(c.With("timestep_spacing", "trailing").With("skip_prk_steps", true))),
        Karras("Euler", 1, c => new EulerScheduler(c)),
        Karras("Heun", 2, c => new HeunScheduler(c)),
        Karras("KDPM2", 2, c => new KDpm2Scheduler(c)),

        // Fourth order once started. Its first steps, of orders 1 to 3, lower the measured order a little.
        Karras("LMS", 3, c => new LmsScheduler(c)),
        .. Orders("DPM-Solver++ {0}M", 1, 2, (c, order) => new DpmSolverMultistepScheduler(Multistep(c, "dpmsolver++", order))),
        .. Orders("DPM-Solver++ {0}M, Heun", 2, 2, (c, order) =>
            new DpmSolverMultistepScheduler(Multistep(c, "dpmsolver++", order).With("solver_type", "heun"))),
        .. Orders("DPM-Solver {0}M", 1, 2, (c, order) => new DpmSolverMultistepScheduler(Multistep(c, "dpmsolver", order))),
        .. Orders("DPM-Solver {0}M, Heun", 2, 2, (c, order) =>
            new DpmSolverMultistepScheduler(Multistep(c, "dpmsolver", order).With("solver_type", "heun"))),

        // The published third-order multistep update uses half of the second derivative, which makes it second order.
        Karras("DPM-Solver++ 3M", 2, c => new DpmSolverMultistepScheduler(Multistep(c, "dpmsolver++", 3))),
        Karras("DPM-Solver 3M", 2, c => new DpmSolverMultistepScheduler(Multistep(c, "dpmsolver", 3))),
        .. Orders("DPM-Solver++ {0}S", 2, 2, (c, order) => new DpmSolverSinglestepScheduler(Multistep(c, "dpmsolver++", order)),
            grouped: true),
        .. Orders("DPM-Solver++ {0}S, Heun", 3, 3, (c, order) =>
            new DpmSolverSinglestepScheduler(Multistep(c, "dpmsolver++", order).With("solver_type", "heun")), grouped: true),
        .. Orders("DPM-Solver {0}S", 2, 2, (c, order) => new DpmSolverSinglestepScheduler(Multistep(c, "dpmsolver", order)), grouped: true),
        .. Orders("DPM-Solver {0}S, Heun", 2, 3, (c, order) =>
            new DpmSolverSinglestepScheduler(Multistep(c, "dpmsolver", order).With("solver_type", "heun")), grouped: true),
        .. Orders("UniPC-{0}", 1, 3, (c, order) => new UniPCScheduler(c.With("solver_order", order)
            .With("final_sigmas_type", "sigma_min").With("lower_order_final", false)), corrected: true),
        .. Orders("UniPC-{0}, B1", 2, 2, (c, order) => new UniPCScheduler(c.With("solver_order", order)
            .With("final_sigmas_type", "sigma_min").With("lower_order_final", false).With("solver_type", "bh1")), corrected: true),
        .. Orders("UniPC-{0} in ε", 2, 3, (c, order) => new UniPCScheduler(c.With("solver_order", order)
            .With("final_sigmas_type", "sigma_min").With("lower_order_final", false).With("predict_x0", false)), corrected: true),
        .. Orders("UniPC-{0} without corrector", 3, 3, (c, order) =>
            new UniPCScheduler(c.With("solver_order", order).With("final_sigmas_type", "sigma_min").With("lower_order_final", false)
            .With("disable_corrector", Enumerable.Range(0, 1000)))),
        .. Orders("DEIS-{0}", 1, 3, (c, order) => new DeisScheduler(c.With("solver_order", order))),
        new("EDM Euler", 1, () => new EdmEulerScheduler()),
        new("EDM DPM-Solver++ 2M", 2, () => new EdmDpmSolverScheduler()),
        new("EDM DPM-Solver++ 3M", 2, () => new EdmDpmSolverScheduler(SchedulerConfig.Empty.With("solver_order", 3))),
        new("Flow Euler", 1, () => new FlowMatchEulerScheduler()),
        new("Flow Heun", 2, () => new FlowMatchHeunScheduler()),
    ];

    /// <summary>Its error against the exact flow after about this many steps.</summary>
    public Convergence Measure(GaussianMixture data, int steps) =>
        Convergence.Measure(Make(), data, steps - ((steps - 1) % Group), End);

    public override string ToString() => Name;

    private static Solver Fine(string name, int order, Func<SchedulerConfig, NoiseScheduler> make) => new(
        name,
        order,
        () => make(SchedulerConfig.Empty.With("num_train_timesteps", FineTimesteps).With("beta_schedule", "linear")
            .With("beta_start", 0.5 / FineTimesteps).With("beta_end", 12.0 / FineTimesteps)),
        (FineTimesteps / 5) - 1);

    private static Solver Karras(string name, int order, Func<SchedulerConfig, NoiseScheduler> make) => new(
        name,
        order,
        () => make(SchedulerConfig.Empty.With("beta_start", 0.00085).With("beta_end", 0.012).With("beta_schedule", "scaled_linear")
            .With("use_karras_sigmas", true)));

    private static IEnumerable<Solver> Orders(string name, int from, int to, Func<SchedulerConfig, int, NoiseScheduler> make,
        bool corrected = false, bool grouped = false) =>
        Enumerable.Range(from, to - from + 1).Select(order =>
            Karras(string.Format(System.Globalization.CultureInfo.InvariantCulture, name, order), corrected ? order + 1 : order, c =>
                make(c, order)) with { Group = grouped ? order : 1 });

    private static SchedulerConfig Multistep(SchedulerConfig config, string algorithm, int order) =>
        config.With("algorithm_type", algorithm).With("solver_order", order).With("final_sigmas_type", "sigma_min");
}
