using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// A running average of the weights, which samples better than the weights themselves (Ho et al. 2020, section 4). With a
/// warm-up the decay begins as (1 + n)/(10 + n), so that the average forgets the random start.
/// </summary>
internal sealed class ExponentialMovingAverage : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly double _decay;
    private readonly bool _warmup;
    private readonly (Tensor Average, Tensor Value)[] _blocks;

    public ExponentialMovingAverage(FlatParameters parameters, double decay, bool warmup = true)
    {
        (_parameters, _decay, _warmup) = (parameters, decay, warmup);
        Values = parameters.Values.clone().DetachFromDisposeScope();
        _blocks = [.. FlatParameters.Blocks(Values).Zip(FlatParameters.Blocks(parameters.Values))];
    }

    /// <summary>The averaged values, in the layout of the parameters.</summary>
    public Tensor Values { get; }

    /// <param name="step">Number of the update just done, from 1.</param>
    public void Update(long step)
    {
        using IDisposable noGrad = no_grad();
        double weight = 1 - (_warmup ? Math.Min(_decay, (1.0 + step) / (10.0 + step)) : _decay);
        using Scalar kept = (1 - weight).ToScalar(), added = weight.ToScalar();
        foreach ((Tensor average, Tensor value) in _blocks) average.mul_(kept).add_(value, alpha: added);
    }

    /// <summary>Exchanges the averaged values with the parameters'; a second call undoes the first.</summary>
    public void Swap()
    {
        using IDisposable noGrad = no_grad();
        using Tensor kept = _parameters.Values.clone();
        _parameters.Values.copy_(Values);
        Values.copy_(kept);
    }

    public void Dispose()
    {
        foreach ((Tensor average, Tensor value) in _blocks)
        {
            average.Dispose();
            value.Dispose();
        }

        Values.Dispose();
    }
}
