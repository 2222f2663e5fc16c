using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Rotary positions (Su et al. 2021) of one axis, where a number of the first half of a head turns with one of the second half.
/// </summary>
/// <param name="width">Width of a head, even.</param>
/// <param name="theta">The largest period over 2π.</param>
internal sealed class RotaryHalves(int width, double theta)
{
    /// <summary>Cosines and sines of the positions 0, 1, 2 and so on.</summary>
    /// <returns>Each [tokens, width / 2].</returns>
    public (Tensor Cosine, Tensor Sine) TablesFor(long tokens, ScalarType type, Device device)
    {
        using DisposeScope scope = NewDisposeScope();
        float[] periods = [.. Enumerable.Range(0, width / 2).Select(i => (float)Math.Pow(theta, 2.0 * i / width))];
        Tensor frequencies = tensor(periods).reciprocal();
        Tensor angles = TensorArithmetic.Range(tokens, ScalarType.Float32, CPU).unsqueeze(1) * frequencies.unsqueeze(0);
        return scope.MoveToOuter(angles.cos().to(type, device), angles.sin().to(type, device));
    }

    /// <param name="x">[batch, tokens, heads, width].</param>
    /// <param name="cosine">[tokens, width / 2].</param>
    /// <param name="sine">[tokens, width / 2].</param>
    public static Tensor Rotate(Tensor x, Tensor cosine, Tensor sine)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] halves = x.chunk(2, -1);
        Tensor c = cosine.unsqueeze(1), s = sine.unsqueeze(1);
        Tensor first = (halves[0] * c).Add(halves[1] * s, -1), second = (halves[1] * c).Add(halves[0] * s);
        return cat([first, second], -1).MoveToOuterDisposeScope();
    }
}
