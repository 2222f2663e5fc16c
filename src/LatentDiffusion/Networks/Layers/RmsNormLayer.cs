using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Divides each vector by its root mean square, then scales each channel (Zhang &amp; Sennrich 2019, equation 4).</summary>
internal sealed class RmsNormLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    private readonly double _eps;

    /// <param name="weight">[channels]; owned by the layer.</param>
    /// <param name="eps">Added to the mean square.</param>
    public RmsNormLayer(Parameter weight, double eps) : base(NativeModule.Create(nameof(RmsNormLayer)), 0)
    {
        (_weight, _eps) = (weight, eps);
        RegisterComponents();
    }

    /// <summary>Normalises in float32, and scales in the type of the weight.</summary>
    /// <param name="input">[…, channels].</param>
    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor wide = input.to(ScalarType.Float32);
        Tensor factor = wide.Square().mean([-1], keepdim: true).Add(_eps).rsqrt();
        return ((wide * factor).to(_weight.dtype) * _weight).MoveToOuterDisposeScope();
    }
}
