using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Drops values in training and enlarges the others by as much (Srivastava et al. 2014). Draws from
/// <see cref="DropoutRandom"/>, where TorchSharp's own would draw from the global generator, which no checkpoint holds.
/// </summary>
internal sealed class TrainingDropout(double probability) : nn.Module<Tensor, Tensor>(NativeModule.Create(nameof(TrainingDropout)), 0)
{
    /// <summary>Whether it changes anything now; where it does not, it is not to be called.</summary>
    public bool IsActive => probability > 0 && training;

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        double kept = 1 - probability;
        // 1 with the probability of being kept, else 0.
        Tensor mask = DropoutRandom.Uniform(input.shape).Add(kept).floor_().Divide(kept);
        return (input * mask.to(input.dtype, input.device)).MoveToOuterDisposeScope();
    }
}
