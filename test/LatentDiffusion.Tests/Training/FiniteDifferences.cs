using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>Gradients held against central differences of the loss along random directions, in double precision.</summary>
internal static class FiniteDifferences
{
    private const double Step = 1e-6;

    /// <param name="loss">The loss whose gradients are tested; backward is called on it.</param>
    /// <param name="parameters">The parameters to change.</param>
    /// <param name="value">The value to differentiate if it is not the loss itself: a loss that stops gradients has others than its
    /// own.</param>
    /// <param name="tolerance">Relative to the larger of the slope and the gradient's typical slope.</param>
    public static void Agree(Func<Tensor> loss, IReadOnlyList<Tensor> parameters, Func<double>? value = null, double tolerance = 1e-6)
    {
        value ??= () => { using IDisposable noGrad = no_grad(); return loss().item<double>(); };
        foreach (Tensor parameter in parameters)
        {
            Assert.Equal(ScalarType.Float64, parameter.dtype);
            parameter.grad?.zero_();
        }

        loss().backward();
        Tensor[] gradients = [.. parameters.Select(p => p.grad is { } g ? g.clone() : zeros_like(p))];
        double norm = Math.Sqrt(gradients.Sum(g => g.square().sum().item<double>()));
        Assert.True(norm > 1e-7, "the gradient is zero, so that it cannot be tested");
        using var random = new Generator(11);
        for (int direction = 0; direction < 4; direction++)
        {
            // Directions with a part along the gradient, so that the slope is not lost among many parameters.
            Tensor[] along =
            [
                .. gradients
                    .Select(g => (randn(g.shape, generator: random).to(ScalarType.Float64) + g * (2 / norm)).detach())
            ];
            double slope = gradients.Zip(along).Sum(p => (p.First * p.Second).sum().item<double>());
            Move(parameters, along, Step);
            double above = value();
            Move(parameters, along, -2 * Step);
            double below = value();
            Move(parameters, along, Step);
            double difference = (above - below) / (2 * Step);
            Assert.True(
                Math.Abs(slope - difference) <= tolerance * Math.Max(Math.Abs(slope), norm),
                $"the gradient gives a slope of {slope}, differences {difference}");
        }
    }

    private static void Move(IReadOnlyList<Tensor> parameters, Tensor[] along, double step)
    {
        using IDisposable noGrad = no_grad();
        foreach ((Tensor parameter, Tensor direction) in parameters.Zip(along)) parameter.add_(direction, alpha: step.ToScalar());
    }

    /// <summary>The parameters of networks that need gradients.</summary>
    public static Tensor[] Parameters(params nn.Module[] networks) =>
        [.. networks.SelectMany(n => n.parameters()).Where((Parameter p) => p.requires_grad)];
}
