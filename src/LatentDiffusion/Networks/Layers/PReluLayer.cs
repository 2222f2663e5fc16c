using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>A leaky ReLU with a learned slope for each channel (He et al. 2015, equation 1).</summary>
internal sealed class PReluLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;

    /// <param name="weight">[channels]; owned by the layer.</param>
    public PReluLayer(Parameter weight) : base(NativeModule.Create(nameof(PReluLayer)), 0)
    {
        _weight = weight;
        RegisterComponents();
    }

    /// <param name="input">[batch, channels, ...].</param>
    public override Tensor forward(Tensor input) => input.prelu(_weight);
}
