using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Cosines and sines of a number at random frequencies that the checkpoint holds (Tancik et al. 2020).</summary>
internal sealed class FourierEmbedding : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _frequencies;
    private readonly bool _flipSinToCos;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="frequencies">Number of frequencies; features are twice as many.</param>
    /// <param name="flipSinToCos">Whether the cosines come first.</param>
    public FourierEmbedding(LayerFactory layers, int frequencies, bool flipSinToCos)
        : base(NativeModule.Create(nameof(FourierEmbedding)), 0)
    {
        _frequencies = layers.Parameter(standardDeviation: 1, frequencies);
        _frequencies.requires_grad = false;
        _flipSinToCos = flipSinToCos;
        RegisterComponents();
    }

    /// <param name="values">[n], any number type.</param>
    public override Tensor forward(Tensor values)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor angle = (values.to(_frequencies.dtype).unsqueeze(1) * _frequencies.unsqueeze(0)).Multiply(2).Multiply(Math.PI);
        return cat(_flipSinToCos ? [angle.cos(), angle.sin()] : [angle.sin(), angle.cos()], -1).MoveToOuterDisposeScope();
    }
}
