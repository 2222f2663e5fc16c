using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>A normalisation whose scale and shift are projected from a condition: the last one of a transformer.</summary>
internal sealed class AdaLayerNormContinuous : nn.Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "linear")] private readonly LinearLayer _linear;
    private readonly double _eps;

    /// <param name="layers">Makes the layer.</param>
    /// <param name="width">Width of the condition and of the tokens.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="bias">Whether the projection has a bias.</param>
    public AdaLayerNormContinuous(LayerFactory layers, long width, double eps = 1e-6, bool bias = true)
        : base(NativeModule.Create(nameof(AdaLayerNormContinuous)), 0)
    {
        _eps = eps;
        _linear = layers.Linear(width, 2 * width, bias);
        RegisterComponents();
    }

    /// <param name="input">[batch, tokens, width].</param>
    /// <param name="condition">Embedding of time and text, [batch, width].</param>
    public override Tensor forward(Tensor input, Tensor condition)
    {
        using DisposeScope scope = NewDisposeScope();
        // The scale comes first here, and second in blocks.
        Tensor[] parts = _linear.call(Activations.Silu(condition)).unsqueeze(1).chunk(2, -1);
        return Modulation.Normalize(input, shift: parts[1], scale: parts[0], _eps).MoveToOuterDisposeScope();
    }
}
