using static System.Math;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// The exact integrals of one DPM-Solver step over λ from s to t, where the model's output is expanded as
/// D_0 + D_1·(λ−λ_s)/h + D_2·(λ−λ_s)²/(2h²) (Lu et al. 2022a, equation 3.6; 2022b, equations 9 and 14): weights of the
/// sample at s, of D_0, D_1 and D_2, and of fresh noise.
/// </summary>
/// <param name="Sample">Weight of the sample at s.</param>
/// <param name="D0">Weight of the output itself.</param>
/// <param name="D1">Weight of its first difference.</param>
/// <param name="D2">Weight of its second difference.</param>
/// <param name="Noise">Weight of fresh noise; 0 for the ODE.</param>
internal readonly record struct DpmSolverWeights(double Sample, double D0, double D1, double D2, double Noise)
{
    /// <summary>The midpoint rule's weight of the first difference.</summary>
    public double MidpointD1 => D0 / 2;

    public static DpmSolverWeights Create(DpmSolverAlgorithm algorithm, NoiseLevel s, NoiseLevel t)
    {
        double h = t.Lambda - s.Lambda;
        if (h == 0) return new(1, 0, 0, 0, 0);
        switch (algorithm)
        {
            case DpmSolverAlgorithm.Clean:
                double decay = Exp(-h) - 1;
                return new(t.Sigma / s.Sigma, -t.Alpha * decay, t.Alpha * (decay / h + 1), -t.Alpha * ((decay + h) / (h * h) - 0.5), 0);
            case DpmSolverAlgorithm.CleanSde:
                double kept = 1 - Exp(-2 * h);
                return new(
                    t.Sigma / s.Sigma * Exp(-h),
                    t.Alpha * kept,
                    t.Alpha * (kept / (-2 * h) + 1),
                    t.Alpha * ((kept - 2 * h) / (4 * h * h) - 0.5),
                    t.Sigma * Sqrt(kept));
            default:
                double growth = Exp(h) - 1, factor = algorithm == DpmSolverAlgorithm.NoiseSde ? 2 : 1;
                return new(
                    t.Alpha / s.Alpha,
                    -factor * t.Sigma * growth,
                    -factor * t.Sigma * (growth / h - 1),
                    -factor * t.Sigma * ((growth - h) / (h * h) - 0.5),
                    algorithm == DpmSolverAlgorithm.NoiseSde ? t.Sigma * Sqrt(Exp(2 * h) - 1) : 0);
        }
    }
}
