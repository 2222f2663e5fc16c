using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A linear layer, y = x·Wᵀ + b. TorchSharp's own leaves its native module allocated when it is disposed (0.107), and fills
/// its weights at random even where a checkpoint is read into them.
/// </summary>
internal sealed class LinearLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter? _bias;

    /// <param name="weight">[out, in]; owned by the layer.</param>
    /// <param name="bias">[out]; owned by the layer; null for none.</param>
    public LinearLayer(Parameter weight, Parameter? bias) : base(NativeModule.Create(nameof(LinearLayer)), 0)
    {
        (_weight, _bias) = (weight, bias);
        RegisterComponents();
    }

    /// <param name="input">[…, in].</param>
    public override Tensor forward(Tensor input) => nn.functional.linear(input, _weight, _bias);
}
