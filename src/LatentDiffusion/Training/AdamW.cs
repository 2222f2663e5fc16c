using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>AdamW with decoupled weight decay (Loshchilov &amp; Hutter 2019, algorithm 2) over one flat tensor.</summary>
internal sealed class AdamW(FlatParameters parameters, OptimizerOptions options) : IDisposable
{
    /// <summary>Running mean of the gradients.</summary>
    public Tensor FirstMoment { get; } = zeros_like(parameters.Values).DetachFromDisposeScope();

    /// <summary>Running mean of their squares.</summary>
    public Tensor SecondMoment { get; } = zeros_like(parameters.Values).DetachFromDisposeScope();

    /// <param name="step">Number of this update, from 1.</param>
    /// <param name="learningRate">Learning rate of this update.</param>
    public void Step(long step, double learningRate)
    {
        using IDisposable noGrad = no_grad();
        double correction1 = 1 - Math.Pow(options.Beta1, step), correction2 = 1 - Math.Pow(options.Beta2, step);
        Tensor gradient = parameters.Gradients;
        FirstMoment.mul_(options.Beta1.ToScalar()).add_(gradient, alpha: (1 - options.Beta1).ToScalar());
        SecondMoment.mul_(options.Beta2.ToScalar()).addcmul_(gradient, gradient, (1 - options.Beta2).ToScalar());
        using Tensor denominator = SecondMoment.sqrt().div_(Math.Sqrt(correction2).ToScalar()).add_(options.Epsilon.ToScalar());
        if (options.WeightDecay > 0) parameters.Values.mul_((1 - learningRate * options.WeightDecay).ToScalar());
        parameters.Values.addcdiv_(FirstMoment, denominator, (-learningRate / correction1).ToScalar());
    }

    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }
}
