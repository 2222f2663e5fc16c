using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Masks of tokens as numbers that are added to the logits of attention.</summary>
internal static class AttentionMask
{
    /// <summary>
    /// The least number of bfloat16, which float32 has too. It is finite, so that a token that may attend to none has a result.
    /// </summary>
    private const double Least = -3.3895313892515355e38, LeastHalf = -65504;

    /// <summary>0 for tokens that may be attended to, and about the least number for others.</summary>
    /// <param name="mask">1 or 0, [batch, tokens].</param>
    /// <param name="type">Type of the result.</param>
    /// <returns>[batch, 1, 1, tokens].</returns>
    public static Tensor Bias(Tensor mask, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        return OfAllowed(mask.GreaterThan(0.5).unsqueeze(1).unsqueeze(1), type).MoveToOuterDisposeScope();
    }

    /// <summary>The same, where a token also attends only to itself and those before it.</summary>
    /// <param name="mask">1 or 0, [batch, tokens]; null for all.</param>
    /// <param name="tokens">Number of tokens.</param>
    /// <param name="type">Type of the result.</param>
    /// <param name="device">Its device.</param>
    /// <returns>[1 or batch, 1, tokens, tokens].</returns>
    public static Tensor CausalBias(Tensor? mask, long tokens, ScalarType type, Device device)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor allowed = ones([tokens, tokens], ScalarType.Bool, device).tril().unsqueeze(0).unsqueeze(0);
        if (mask is not null) allowed = allowed.logical_and(mask.GreaterThan(0.5).unsqueeze(1).unsqueeze(1));
        return OfAllowed(allowed, type).MoveToOuterDisposeScope();
    }

    private static Tensor OfAllowed(Tensor allowed, ScalarType type)
    {
        double least = type == ScalarType.Float16 ? LeastHalf : Least;
        return allowed.logical_not().to(ScalarType.Float32).Multiply(least).to(type);
    }
}
