using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A running average of the weights, which samples better than the weights themselves (Ho et al. 2020, section 4). The
/// decay warms up as (1 + n)/(10 + n), so that the average forgets the random start.
/// </summary>
internal sealed class ExponentialMovingAverage(FlatParameters parameters, double decay) : IDisposable
{
    /// <summary>The averaged values, in the layout of the parameters.</summary>
    public Tensor Values { get; } = parameters.Values.clone().DetachFromDisposeScope();

    /// <param name="step">Number of the update just done, from 1.</param>
    public void Update(long step)
    {
        using IDisposable noGrad = no_grad();
        double weight = 1 - Math.Min(decay, (1.0 + step) / (10.0 + step));
        using Tensor difference = parameters.Values - Values;
        Values.add_(difference, alpha: weight.ToScalar());
    }

    /// <summary>Exchanges the averaged values with the parameters'; a second call undoes the first.</summary>
    public void Swap()
    {
        using IDisposable noGrad = no_grad();
        using Tensor kept = parameters.Values.clone();
        parameters.Values.copy_(Values);
        Values.copy_(kept);
    }

    public void Dispose() => Values.Dispose();
}
