using LatentDiffusion.Tests.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

public sealed class ActivationTests
{
    [Theory]
    [InlineData("mish")]
    [InlineData("silu")]
    [InlineData("quick_gelu")]
    public void Values_and_gradients_are_those_of_the_formula(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        double[] at = [-90, -7.3, -1, -1e-3, 0, 0.2, 3, 25, 90];
        Tensor x = tensor(at, requires_grad: true), y = Activations.ByName(name)(x);
        Assert.All(at.Zip(y.data<double>().ToArray()), p => Assert.Equal(Formula(p.First), p.Second, 1e-12));
        FiniteDifferences.Agree(() => Activations.ByName(name)(x).sum(), [x]);

        double Formula(double v) => name switch
        {
            "mish" => v * Math.Tanh(double.LogP1(Math.Exp(v))),
            "silu" => v / (1 + Math.Exp(-v)),
            _ => v / (1 + Math.Exp(-1.702 * v)),
        };
    }
}
