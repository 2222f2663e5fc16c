using LatentDiffusion.Tests.Schedulers.Exact;
using Xunit;

namespace LatentDiffusion.Tests.Schedulers;

/// <summary>Deterministic samplers converge to the exact probability flow with the order that their papers claim.</summary>
public sealed class ConvergenceTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => new(Solver.All.Select(s => s.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Order_of_convergence(string name)
    {
        Solver solver = Solver.All.Single(s => s.Name == name);

        // 3M reaches its order late: its error changes sign on the way.
        int[] steps = name.Contains("3M", StringComparison.Ordinal) ? [160, 320, 480] : [40, 80, 160];
        foreach (GaussianMixture data in (GaussianMixture[])[GaussianMixture.Single, GaussianMixture.Two])
        {
            Convergence[] points = [.. steps.Select(n => solver.Measure(data, n))];
            double order = Convergence.Order(points);
            string errors = string.Join(", ", points.Select(p => $"{p.Evaluations}: {p.Error:0.0e+0}"));
            output.WriteLine($"{name}: order {order:0.00} of {solver.Order}; errors {errors}");
            Assert.True(order >= solver.Order - 0.3, $"{name} converges with order {order:0.00}, not {solver.Order}.");
        }
    }
}
