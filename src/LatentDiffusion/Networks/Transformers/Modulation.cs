using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// How a condition changes one layer of a transformer block: shift and scale of its normalised input, and gate of its output
/// (adaLN-Zero, Peebles &amp; Xie 2023, section 3.2).
/// </summary>
/// <param name="Shift">[batch, 1, width].</param>
/// <param name="Scale">Added to 1; [batch, 1, width].</param>
/// <param name="Gate">[batch, 1, width].</param>
internal readonly record struct Modulation(Tensor Shift, Tensor Scale, Tensor Gate)
{
    private const int Parts = 3;

    /// <summary>The modulations of successive layers.</summary>
    /// <param name="parts">Shift, scale and gate of each layer, [batch, 3·layers, width]. The views belong to the dispose scope.</param>
    public static Modulation[] Split(Tensor parts)
    {
        Tensor[] rows = parts.chunk(parts.shape[1], 1);
        return [.. rows.Chunk(Parts).Select(layer => new Modulation(layer[0], layer[1], layer[2]))];
    }

    /// <summary>The input of the layer: normalised without learned parameters, scaled and shifted.</summary>
    /// <param name="input">[batch, tokens, width].</param>
    /// <param name="eps">Added to the variance.</param>
    public Tensor Normalize(Tensor input, double eps) => Normalize(input, Shift, Scale, eps);

    /// <summary>A tensor plus the gated output of the layer.</summary>
    /// <param name="residual">[batch, tokens, width].</param>
    /// <param name="output">[batch, tokens, width].</param>
    public Tensor AddTo(Tensor residual, Tensor output) => residual.AddProduct(Gate, output);

    /// <summary>LayerNorm(x)·(1 + scale) + shift.</summary>
    public static Tensor Normalize(Tensor input, Tensor shift, Tensor scale, double eps)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor normal = nn.functional.layer_norm(input, [input.shape[^1]], eps: eps);
        return shift.AddProduct(normal, scale.Add(1)).MoveToOuterDisposeScope();
    }
}
