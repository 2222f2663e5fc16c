using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The activations that published configurations name.</summary>
internal static class Activations
{
    public static Func<Tensor, Tensor> ByName(string name) => name switch
    {
        "silu" or "swish" => SiluFunction,
        "relu" => Relu,
        "gelu" => x => nn.functional.gelu(x),
        "mish" => Mish,
        "quick_gelu" => QuickGelu,
        _ => throw new NotSupportedException($"Activation '{name}' is not known; expected silu, swish, relu, gelu, mish or quick_gelu."),
    };

    /// <summary>The one object that stands for <see cref="Silu"/>.</summary>
    public static Func<Tensor, Tensor> SiluFunction { get; } = Silu;

    public static Tensor Silu(Tensor x) => nn.functional.silu(x);

    public static Tensor Relu(Tensor x) => nn.functional.relu(x);

    /// <summary>x·tanh(ln(1 + eˣ)) (Misra 2019).</summary>
    private static Tensor Mish(Tensor x)
    {
        using Tensor zero = zeros(1, x.dtype, x.device), soft = x.logaddexp(zero);
        return soft.tanh().Into(gate => x * gate);
    }

    /// <summary>x·σ(1.702·x), as OpenAI's CLIP was trained with.</summary>
    private static Tensor QuickGelu(Tensor x)
    {
        using Tensor gate = x.Multiply(1.702).sigmoid_();
        return x * gate;
    }
}
