using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>Multistep DPM-Solver (Lu et al. 2022b, algorithm 2 and appendix): differences over past evaluations.</summary>
/// <param name="plan">Timesteps and noise levels of the evaluations.</param>
/// <param name="noise">Source of noise; null for the ODE forms.</param>
/// <param name="levels">α and σ of each level.</param>
/// <param name="solver">Order and form.</param>
/// <param name="lowerOrderFinal">Whether runs of fewer than 15 steps end with lower orders.</param>
/// <param name="firstOrderLast">Whether the last step is of first order in any case.</param>
internal abstract class MultistepDpmRun(
    SamplingPlan plan,
    INoiseSource? noise,
    NoiseLevel[] levels,
    DpmSolverOptions solver,
    bool lowerOrderFinal,
    bool firstOrderLast) : SolverRun(plan, noise, levels, solver.Order)
{
    protected override Tensor Advance(Tensor output, Tensor sample)
    {
        Outputs.Add(Convert(output, sample, Level(0)));
        DpmSolverWeights weights = DpmSolverWeights.Create(solver.Algorithm, Level(0), Level(-1));
        Tensor next = Order() switch
        {
            1 => LinearCombination.Compute((weights.Sample, sample), (weights.D0, Outputs[0])),
            2 => Second(weights, sample),
            _ => Third(weights, sample),
        };
        return solver.Stochastic ? next.AddInPlace(NextNoise(sample), weights.Noise) : next;
    }

    /// <summary>The model's output as the solver needs it, a new tensor.</summary>
    protected abstract Tensor Convert(Tensor output, Tensor sample, NoiseLevel at);

    private int Order()
    {
        if (Level(-1).Level == Level(0).Level) return 1;
        int left = Timesteps.Count - StepIndex, order = Math.Min(solver.Order, DistinctOutputs);
        bool few = lowerOrderFinal && Timesteps.Count < 15;
        if (left == 1 && (few || firstOrderLast)) return 1;
        return left == 2 && few ? Math.Min(order, 2) : order;
    }

    private Tensor Second(DpmSolverWeights weights, Tensor sample)
    {
        double r = (Level(0).Lambda - Level(1).Lambda) / (Level(-1).Lambda - Level(0).Lambda);
        double d1 = (solver.Heun ? weights.D1 : weights.MidpointD1) / r;
        return LinearCombination.Compute((weights.Sample, sample), (weights.D0 + d1, Outputs[0]), (-d1, Outputs[1]));
    }

    private Tensor Third(DpmSolverWeights weights, Tensor sample)
    {
        double h = Level(-1).Lambda - Level(0).Lambda;
        double r0 = (Level(0).Lambda - Level(1).Lambda) / h, r1 = (Level(1).Lambda - Level(2).Lambda) / h;

        // D_1 and D_2 as combinations of the divided differences (m_0 − m_1)/r_0 and (m_1 − m_2)/r_1.
        double shared = weights.D1 * r0 / (r0 + r1) + weights.D2 / (r0 + r1);
        double newer = (weights.D1 + shared) / r0, older = -shared / r1;
        return LinearCombination.Compute(
            (weights.Sample, sample),
            (weights.D0 + newer, Outputs[0]),
            (older - newer, Outputs[1]),
            (-older, Outputs[2]));
    }
}
