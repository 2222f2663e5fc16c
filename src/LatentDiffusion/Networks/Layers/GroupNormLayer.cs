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

    /// <inheritdoc cref="PackedLayer.HasHooks"/>
    public bool HasHooks => pre_hooks.Count > 0 || post_hooks.Count > 0;

    /// <summary>
    /// Normalises the input of a layer, in the form in which that layer computes, so that blocks give the same bytes as one call and
    /// layer by layer.
    /// </summary>
    /// <param name="next">The layer.</param>
    /// <param name="input">[batch, channels, height, width].</param>
    public Tensor CallBefore(PackedLayer next, Tensor input) =>
        next.IsPacked && !HasHooks ? CpuOperators.Normalize(input, this) : call(input);

    /// <param name="input">[batch, channels, …].</param>
    public override Tensor forward(Tensor input) => nn.functional.group_norm(input, Groups, _weight, _bias, Eps);
}
