namespace LatentDiffusion.Schedulers;

/// <summary>The options that all DPM-Solver classes share.</summary>
/// <param name="Order">1 to 3.</param>
/// <param name="Algorithm">Which form.</param>
/// <param name="Heun">Whether second differences enter as in Heun's method rather than the midpoint's.</param>
internal sealed record DpmSolverOptions(int Order, DpmSolverAlgorithm Algorithm, bool Heun)
{
    /// <summary>Whether the solver is written in x_0.</summary>
    public bool InClean => Algorithm is DpmSolverAlgorithm.Clean or DpmSolverAlgorithm.CleanSde;

    /// <summary>Whether each step draws noise.</summary>
    public bool Stochastic => Algorithm is DpmSolverAlgorithm.NoiseSde or DpmSolverAlgorithm.CleanSde;

    /// <summary>Reads <c>solver_order</c>, <c>algorithm_type</c> and <c>solver_type</c>.</summary>
    /// <param name="options">Where from.</param>
    /// <param name="algorithms">The JSON names of those that the class has.</param>
    public static DpmSolverOptions Read(OptionReader options, params string[] algorithms)
    {
        int order = options.Int("solver_order", 2);
        if (order > 3) throw new ArgumentException($"solver_order is 1, 2 or 3 for a {options.ClassName}, not {order}.");
        string name = options.Choice("algorithm_type", "dpmsolver++", algorithms, "deis", "data_prediction", "noise_prediction");
        DpmSolverAlgorithm algorithm = name switch
        {
            "dpmsolver" => DpmSolverAlgorithm.Noise,
            "sde-dpmsolver" => DpmSolverAlgorithm.NoiseSde,
            "sde-dpmsolver++" => DpmSolverAlgorithm.CleanSde,
            _ => DpmSolverAlgorithm.Clean,
        };
        if (algorithm == DpmSolverAlgorithm.NoiseSde && order == 3)
            throw new ArgumentException("solver_order 3 does not exist for algorithm_type 'sde-dpmsolver'; its orders are 1 and 2.");
        bool heun = options.Choice("solver_type", "midpoint", ["midpoint", "heun"], "logrho", "bh1", "bh2") == "heun";
        return new DpmSolverOptions(order, algorithm, heun);
    }

    /// <summary>Reads <c>variance_type</c>: whether the model's output has twice the channels, the second half for the variance.</summary>
    public static bool ReadLearnedVariance(OptionReader options) => options.NullableChoice(
        "variance_type", ["learned", "learned_range"], "fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log") is not null;

    /// <summary>Rejects a solver in ε that ends without noise, where ε carries no information.</summary>
    public void CheckFinal(bool endsAtMin)
    {
        if (!InClean && !endsAtMin)
            throw new ArgumentException("algorithm_type 'dpmsolver' and 'sde-dpmsolver' need final_sigmas_type 'sigma_min', not 'zero'.");
    }
}
