using static System.Math;

namespace LatentDiffusion.Schedulers;

/// <summary>The weights of one UniP or UniC step (Zhao et al. 2023, equations 3 and 9, and theorem 3.1).</summary>
/// <param name="Sample">Weight of the sample that the step begins with.</param>
/// <param name="Outputs">Weights of the outputs, the one at the beginning first and older ones after it.</param>
/// <param name="Newest">Weight of the output at the step's end, for the corrector.</param>
internal sealed record UniPCWeights(double Sample, double[] Outputs, double Newest)
{
    /// <param name="inClean">Whether outputs are x_0 rather than ε.</param>
    /// <param name="secondB">Whether B(h) = e^h − 1 rather than h.</param>
    /// <param name="from">Where the step begins.</param>
    /// <param name="to">Where it ends.</param>
    /// <param name="ratios">r_k of the older outputs; one fewer than the order.</param>
    /// <param name="corrector">Whether the output at the end, r = 1, takes part.</param>
    public static UniPCWeights Create(bool inClean, bool secondB, NoiseLevel from, NoiseLevel to, double[] ratios, bool corrector)
    {
        double h = to.Lambda - from.Lambda, signed = inClean ? -h : h;
        double scale = inClean ? to.Alpha : to.Sigma, growth = scale * Expm1(signed);
        if (!inClean && to.Sigma == 0) growth = to.Alpha * from.Sigma / from.Alpha; // σ·e^h where h is infinite
        double sample = inClean ? to.Sigma / from.Sigma : to.Alpha / from.Alpha;
        double[] outputs = new double[ratios.Length + 1];
        outputs[0] = -growth;
        if (h == 0 || (ratios.Length == 0 && !corrector)) return new(sample, outputs, 0);

        double b = secondB ? Expm1(signed) : signed;
        double[] rho = Coefficients(signed, b, ratios, corrector);
        for (int k = 0; k < ratios.Length; k++)
        {
            double weight = -scale * b * rho[k] / ratios[k];
            outputs[k + 1] = weight;
            outputs[0] -= weight;
        }

        double newest = corrector ? -scale * b * rho[^1] : 0;
        outputs[0] -= newest;
        return new(sample, outputs, newest);
    }

    /// <summary>The a of R(h)·a = φ(h)/B(h) (theorem 3.1); of one unknown, ½, which has the order as well.</summary>
    private static double[] Coefficients(double h, double b, double[] ratios, bool corrector)
    {
        double[] nodes = corrector ? [.. ratios, 1] : ratios;
        int size = nodes.Length;
        if (size == 1) return [0.5];
        double[,] matrix = new double[size, size];
        double[] right = new double[size];
        double factorial = 1, phi = Expm1(h) / h - 1;
        for (int row = 0; row < size; row++)
        {
            for (int column = 0; column < size; column++) matrix[row, column] = Pow(nodes[column], row);
            right[row] = phi * factorial / b;
            factorial *= row + 2;
            phi = phi / h - 1 / factorial;
        }

        return LinearSystem.Solve(matrix, right);
    }

    /// <summary>e^x − 1 without cancellation near 0.</summary>
    private static double Expm1(double x) => Abs(x) < 1e-2
        ? x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5 * (1 + x / 6)))))
        : Exp(x) - 1;
}
