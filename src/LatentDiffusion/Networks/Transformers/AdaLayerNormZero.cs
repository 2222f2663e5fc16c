using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The projection of a condition to shifts, scales and gates (<see cref="Modulation"/>) of the layers of a block, or of all blocks that
/// share it.
/// </summary>
internal sealed class AdaLayerNormZero : nn.Module<Tensor, Tensor>
{
    private const int Parts = 3;

    [ComponentName(Name = "linear")] private readonly LinearLayer _linear;
    private readonly int _count;

    /// <param name="layers">Makes the layer.</param>
    /// <param name="width">Width of the condition and of the tokens.</param>
    /// <param name="count">Number of layers that are modulated: 1 in single-stream blocks, 2 or 3 in others.</param>
    /// <param name="bias">Whether the projection has a bias.</param>
    public AdaLayerNormZero(LayerFactory layers, long width, int count, bool bias = true)
        : base(NativeModule.Create(nameof(AdaLayerNormZero)), 0)
    {
        _count = count;
        _linear = layers.Linear(width, Parts * count * width, bias);
        RegisterComponents();
    }

    /// <param name="condition">Embedding of time and text, [batch, width].</param>
    /// <returns>Shift, scale and gate of each layer, [batch, 3·layers, width].</returns>
    public override Tensor forward(Tensor condition) =>
        Activations.Silu(condition).Into(_linear.call).Into(x => x.view(x.shape[0], Parts * _count, -1));
}
