using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>AdamW with decoupled weight decay (Loshchilov &amp; Hutter 2019, algorithm 2) over one flat tensor.</summary>
internal sealed class AdamW : IFlatOptimizer
{
    private readonly OptimizerOptions _options;
    private readonly Block[] _blocks;

    public AdamW(FlatParameters parameters, OptimizerOptions options)
    {
        _options = options;
        FirstMoment = zeros_like(parameters.Values).DetachFromDisposeScope();
        SecondMoment = zeros_like(parameters.Values).DetachFromDisposeScope();
        _blocks = [.. parameters.Groups.SelectMany(group => BlocksOf(parameters, group))];
    }

    /// <summary>Running mean of the gradients.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>Running mean of their squares.</summary>
    public Tensor SecondMoment { get; }

    public IReadOnlyList<KeyValuePair<string, Tensor>> State => [new("first_moment", FirstMoment), new("second_moment", SecondMoment)];

    public void Step(long step, double learningRate)
    {
        using IDisposable noGrad = no_grad();
        double correction1 = 1 - Math.Pow(_options.Beta1, step), correction2 = 1 - Math.Pow(_options.Beta2, step);
        using Scalar beta1 = _options.Beta1.ToScalar(), beta2 = _options.Beta2.ToScalar();
        using Scalar fresh1 = (1 - _options.Beta1).ToScalar(), fresh2 = (1 - _options.Beta2).ToScalar();
        using Scalar root = Math.Sqrt(correction2).ToScalar();
        foreach ((Tensor values, Tensor gradient, Tensor first, Tensor second, double factor) in _blocks)
        {
            double rateHere = factor * learningRate;
            using Scalar kept = (1 - rateHere * _options.WeightDecay).ToScalar(), rate = (-rateHere / correction1).ToScalar();
            first.mul_(beta1).add_(gradient, alpha: fresh1);
            second.mul_(beta2).addcmul_(gradient, gradient, fresh2);
            using Tensor denominator = second.sqrt().div_(root).AddInPlace(_options.Epsilon);
            if (_options.WeightDecay > 0) values.mul_(kept);
            values.addcdiv_(first, denominator, rate);
        }
    }

    public void Dispose()
    {
        foreach ((Tensor values, Tensor gradient, Tensor first, Tensor second, _) in _blocks)
        {
            values.Dispose();
            gradient.Dispose();
            first.Dispose();
            second.Dispose();
        }

        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }

    private IEnumerable<Block> BlocksOf(FlatParameters parameters, FlatParameters.ComponentRange group)
    {
        double factor = _options.ComponentRates.GetValueOrDefault(group.Name, 1);
        Tensor[] values = Blocks(parameters.Values),
            gradients = Blocks(parameters.Gradients),
            first = Blocks(FirstMoment),
            second = Blocks(SecondMoment);
        return values.Select((block, i) => new Block(block, gradients[i], first[i], second[i], factor));

        Tensor[] Blocks(Tensor flat) => FlatParameters.Blocks(flat, group.Offset, group.Length);
    }

    private sealed record Block(Tensor Values, Tensor Gradient, Tensor First, Tensor Second, double RateFactor);
}
