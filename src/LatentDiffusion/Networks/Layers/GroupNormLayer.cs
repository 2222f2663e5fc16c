using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Normalises groups of channels to mean 0 and variance 1, then scales and shifts each channel (Wu and He 2018).</summary>
internal sealed class GroupNormLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter _bias;

    /// <param name="weight">[channels]; owned by the layer.</param>
    /// <param name="bias">[channels]; owned by the layer.</param>
    /// <param name="groups">Number of groups; divides the channels.</param>
    /// <param name="eps">Added to the variance.</param>
    public GroupNormLayer(Parameter weight, Parameter bias, long groups, double eps) : base(NativeModule.Create(nameof(GroupNormLayer)), 0)
    {
        (_weight, _bias, Groups, Eps) = (weight, bias, groups, eps);
        RegisterComponents();
    }

    public Tensor Weight => _weight;

    public Tensor Bias => _bias;

    public long Groups { get; }

    public double Eps { get; }

    /// <param name="input">[batch, channels, …].</param>
    public override Tensor forward(Tensor input) => nn.functional.group_norm(input, Groups, _weight, _bias, Eps);
}
