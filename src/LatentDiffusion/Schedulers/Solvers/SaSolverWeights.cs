using static System.Math;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// The weights of one step of the stochastic Adams solver, whose stochasticity τ is constant over the step (Xue et al. 2023,
/// propositions 4.2 and 4.3): of the sample at its start, of the outputs at some nodes, and of noise. In λ, the output is the
/// polynomial through the nodes.
/// </summary>
/// <param name="Sample">Weight of the sample that the step begins with.</param>
/// <param name="Outputs">Weights of the outputs, in the order of the nodes.</param>
/// <param name="Noise">Weight of standard normal noise.</param>
internal sealed record SaSolverWeights(double Sample, double[] Outputs, double Noise)
{
    /// <param name="inClean">Whether outputs are x_0 rather than ε.</param>
    /// <param name="tau">τ: 0 for the ODE, 1 for the reverse-time SDE.</param>
    /// <param name="from">Where the step begins.</param>
    /// <param name="to">Where it ends.</param>
    /// <param name="nodes">Levels of the outputs, all different; as many as the order.</param>
    public static SaSolverWeights Create(bool inClean, double tau, NoiseLevel from, NoiseLevel to, NoiseLevel[] nodes)
    {
        double h = to.Lambda - from.Lambda, square = tau * tau, rate = inClean ? 1 + square : -1;
        double[] at = [.. nodes.Select(node => node.Lambda - to.Lambda)];
        double[] moments = Moments(rate, h, at.Length);
        double[] integrals = [.. at.Select((_, i) => Polynomial(at, i).Zip(moments, (c, m) => c * m).Sum())];
        if (inClean && at.Length == 2)
        {
            // A term of third order in h by which the published method differs from the integral.
            double term = (h * h / 2 - (h * rate - 1 + Exp(-rate * h)) / (rate * rate)) / (at[0] - at[1]);
            integrals[0] += term;
            integrals[1] -= term;
        }

        double scale = (1 + square) * (inClean ? to.Alpha : -to.Sigma);
        return new(
            inClean ? Exp(-square * h) * (to.Sigma / from.Sigma) : to.Alpha / from.Alpha,
            [.. integrals.Select(integral => scale * integral)],
            inClean ? to.Sigma * Sqrt(1 - Exp(-2 * square * h)) : tau * to.Sigma * Sqrt(Exp(2 * h) - 1));
    }

    /// <summary>∫ u^k·e^{rate·u} over the step, u from −h to 0.</summary>
    private static double[] Moments(double rate, double h, int count)
    {
        double[] moments = new double[count];
        double start = Exp(-rate * h), power = 1;
        for (int k = 0; k < count; k++)
        {
            double end = k == 0 ? 1 : 0;
            moments[k] = (end - power * start - (k == 0 ? 0 : k * moments[k - 1])) / rate;
            power *= -h;
        }

        return moments;
    }

    /// <summary>Coefficients, of u^0 first, of the polynomial that is 1 at the i-th node and 0 at the others.</summary>
    private static double[] Polynomial(double[] nodes, int i)
    {
        double[] coefficients = [1];
        for (int k = 0; k < nodes.Length; k++)
        {
            if (k == i) continue;
            double[] product = new double[coefficients.Length + 1];
            for (int power = 0; power < coefficients.Length; power++)
            {
                product[power + 1] += coefficients[power] / (nodes[i] - nodes[k]);
                product[power] -= coefficients[power] * nodes[k] / (nodes[i] - nodes[k]);
            }

            coefficients = product;
        }

        return coefficients;
    }
}
