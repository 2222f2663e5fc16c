namespace LatentDiffusion.Tests.Schedulers;

/// <summary>Every ready-made scheduler, and every class with every order and form.</summary>
internal static class AllSchedulers
{
    private static readonly Dictionary<string, Func<NoiseScheduler>> s_makers = Make();

    public static IReadOnlyCollection<string> Names => s_makers.Keys;

    public static NoiseScheduler Create(string name) => s_makers[name]();

    private static Dictionary<string, Func<NoiseScheduler>> Make()
    {
        Dictionary<string, Func<NoiseScheduler>> makers = KnownSchedulers.All.ToDictionary(k => k.Name, k =>
            (Func<NoiseScheduler>)(() => k.Create()));
        SchedulerConfig atMin = SchedulerConfig.Empty.With("final_sigmas_type", "sigma_min");
        for (int i = 1; i <= 3; i++)
        {
            int order = i;
            foreach (string type in (string[])["midpoint", "heun"])
            {
                foreach (string algorithm in (string[])["dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver"])
                {
                    SchedulerConfig config = atMin.With("solver_order", order).With("solver_type", type).With("algorithm_type", algorithm);
                    if (algorithm != "sde-dpmsolver" || order < 3) makers[$"multistep {algorithm} {order} {type}"] = () =>
                        new DpmSolverMultistepScheduler(config);
                    if (algorithm != "sde-dpmsolver") makers[$"singlestep {algorithm} {order} {type}"] = () =>
                        new DpmSolverSinglestepScheduler(config);
                    if (algorithm.EndsWith("++", StringComparison.Ordinal)) makers[$"edm {algorithm} {order} {type}"] = () =>
                        new EdmDpmSolverScheduler(config);
                }
            }

            makers[$"deis {order}"] = () => new DeisScheduler(SchedulerConfig.Empty.With("solver_order", order));
        }

        for (int i = 1; i <= 5; i++)
        {
            SchedulerConfig config = SchedulerConfig.Empty.With("solver_order", i);
            makers[$"unipc {i} bh1"] = () => new UniPCScheduler(config.With("solver_type", "bh1").With("lower_order_final", false));
            makers[$"unipc {i} noise"] = () => new UniPCScheduler(config.With("predict_x0", false));
        }

        makers["unipc flow"] = () => new UniPCScheduler(SchedulerConfig.Empty.With("use_flow_sigmas", true)
            .With("prediction_type", "flow_prediction"));
        makers["dpm++ flow"] = () => new DpmSolverMultistepScheduler(SchedulerConfig.Empty.With("use_flow_sigmas", true)
            .With("prediction_type", "flow_prediction"));
        makers["deis flow"] = () => new DeisScheduler(SchedulerConfig.Empty.With("use_flow_sigmas", true)
            .With("prediction_type", "flow_prediction"));
        return makers;
    }
}
