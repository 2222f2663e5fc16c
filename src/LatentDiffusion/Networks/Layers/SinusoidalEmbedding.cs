using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Sinusoidal features of a number (Vaswani et al. 2017, section 3.5; Ho et al. 2020, appendix B).</summary>
/// <param name="channels">Number of features, even.</param>
/// <param name="flipSinToCos">Whether the cosines come first.</param>
/// <param name="frequencyShift">Published as <c>freq_shift</c>: the exponents are divided by channels/2 − shift.</param>
internal sealed class SinusoidalEmbedding(int channels, bool flipSinToCos, double frequencyShift)
{
    private const double MaximumPeriod = 10000;

    /// <param name="values">[n], any number type.</param>
    /// <returns>[n, channels], float32.</returns>
    public Tensor Embed(Tensor values)
    {
        using var scope = NewDisposeScope();
        int half = channels / 2;
        Tensor exponent = TensorArithmetic.Range(half, ScalarType.Float32, values.device)
            .Multiply(-Math.Log(MaximumPeriod) / (half - frequencyShift));
        Tensor angle = values.to(ScalarType.Float32).unsqueeze(1) * exponent.exp().unsqueeze(0);
        Tensor first = flipSinToCos ? angle.cos() : angle.sin();
        Tensor second = flipSinToCos ? angle.sin() : angle.cos();
        Tensor features = cat([first, second], -1);
        if (channels % 2 == 1) features = nn.functional.pad(features, [0, 1, 0, 0]);
        return features.MoveToOuterDisposeScope();
    }
}
