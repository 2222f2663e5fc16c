using System.Globalization;

namespace LatentDiffusion.Judge;

/// <summary>
/// The cells that are measured on the same weights: each improvement by itself, against plain DDPM with 1000 steps and no
/// guidance.
/// </summary>
internal static class QualityCells
{
    public const string Plain = "plain", Solvers = "solvers", Guidance = "guidance", Speed = "speed", Few = "few";

    private const int TrainingSteps = 1000, DefaultSteps = 14, FewSteps = 4;
    private const double DefaultScale = 1.5, HighScale = 7.5, DefaultStop = 0.4;

    /// <summary>Maximum evaluations of the network for each solver.</summary>
    public static IReadOnlyList<int> Budgets { get; } = [5, 10, 20, 50];

    /// <summary>All cells, the fast ones first.</summary>
    /// <param name="model">Configuration of the model's scheduler.</param>
    public static IReadOnlyList<QualityCell> ForModel(SchedulerConfig model) =>
        [.. FewStepCells(), .. SpeedCells(), .. GuidanceCells(), .. SolverCells(model), PlainCell()];

    private static QualityCell PlainCell() =>
        new(Plain, "DDPM, 1000 steps, no guidance", "", new SamplingSettings { Scheduler = KnownSchedulers.Ddpm, Steps = TrainingSteps });

    /// <summary>Every solver for models of this kind at every budget that it can use, without guidance.</summary>
    private static IEnumerable<QualityCell> SolverCells(SchedulerConfig model) =>
        from budget in Budgets
        from solver in KnownSchedulers.All
        where IsOfDiffusion(solver)
        let steps = StepBudget.ForScheduler(solver, model, budget)
        where steps is not null
        select new QualityCell(Solvers, solver.Name, Name(budget), new SamplingSettings { Scheduler = solver, Steps = steps.Value });

    private static IEnumerable<QualityCell> GuidanceCells()
    {
        foreach (double scale in (double[])[1, DefaultScale, 2, 3, 5, HighScale])
            yield return Guided(scale == 1 ? "none" : $"scale {Name(scale)}", new SamplingSettings { Scale = scale });
        foreach (double rescale in (double[])[0.35, 0.7, 1])
        {
            string name = $"scale {Name(HighScale)}, rescaled by {Name(rescale)}";
            yield return Guided(name, new SamplingSettings { Scale = HighScale, Rescale = rescale });
        }

        foreach (double stop in (double[])[0.2, 0.4, 0.6])
        {
            string name = $"scale {Name(DefaultScale)} until {Name(stop)} of the way";
            yield return Guided(name, new SamplingSettings { Scale = DefaultScale, Stop = stop });
        }

        static QualityCell Guided(string name, SamplingSettings settings) =>
            new(Guidance, name, "", settings with { Steps = DefaultSteps });
    }

    /// <summary>Four evaluations with the distilled weights, and with those that they were distilled from.</summary>
    private static IEnumerable<QualityCell> FewStepCells() =>
    [
        new(Few, "distilled, 4 steps", "", new SamplingSettings { Steps = FewSteps, Adapters = DrawingsModelExtensions.FewStepStrength }),
        new(Few, "distilled, 4 steps, adapters in full", "", new SamplingSettings { Steps = FewSteps, Adapters = 1 }),
        new(Few, "not distilled, 4 steps, no guidance", "", new SamplingSettings { Steps = FewSteps }),
        new(Few, "not distilled, 2 steps, guided", "", new SamplingSettings { Steps = FewSteps / 2, Scale = DefaultScale }),
        new(Few, "not distilled, 4 steps, guided", "", new SamplingSettings { Steps = FewSteps, Scale = DefaultScale }),
        new(
            Few,
            "not distilled, DPM-Solver++ in 4 steps, guided",
            "",
            new SamplingSettings { Scheduler = KnownSchedulers.DpmSolverPlusPlus, Steps = FewSteps, Scale = DefaultScale }),
        new(Few, "the usual 14 steps", "", new SamplingSettings { Steps = DefaultSteps, Scale = DefaultScale, Stop = DefaultStop }),
    ];

    private static IEnumerable<QualityCell> SpeedCells() =>
    [
        new(Speed, "float32", "", new SamplingSettings { Steps = DefaultSteps, Scale = DefaultScale }),
        new(Speed, "bfloat16", "", new SamplingSettings { Steps = DefaultSteps, Scale = DefaultScale, BFloat16 = true }),
        .. from interval in (int[])[2, 3, 5]
           let name = $"float32, one of {interval} evaluations complete"
           let settings = new SamplingSettings { Steps = DefaultSteps, Scale = DefaultScale, CachingInterval = interval }
           select new QualityCell(Speed, name, "", settings),
    ];

    // Schedulers of flows, of EDM and of continuous time are for other models, those of consistency for distilled ones.
    private static bool IsOfDiffusion(KnownScheduler solver) => !new[]
    {
        KnownSchedulers.FlowMatchEuler, KnownSchedulers.FlowMatchHeun, KnownSchedulers.EdmEuler, KnownSchedulers.EdmDpmSolverPlusPlus,
        KnownSchedulers.Ipndm, KnownSchedulers.Lcm, KnownSchedulers.Tcd, KnownSchedulers.FlowMatchLcm,
    }.Contains(solver);

    private static string Name(double number) => number.ToString(CultureInfo.InvariantCulture);
}
