using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Three dense blocks with a shortcut around them (RRDB; Wang et al. 2018, figure 4).</summary>
internal sealed class ResidualInResidualBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "rdb1")] private readonly ResidualDenseBlock _first;
    [ComponentName(Name = "rdb2")] private readonly ResidualDenseBlock _second;
    [ComponentName(Name = "rdb3")] private readonly ResidualDenseBlock _third;

    public ResidualInResidualBlock(LayerFactory layers, long features, long growth)
        : base(NativeModule.Create(nameof(ResidualInResidualBlock)), 0)
    {
        _first = new ResidualDenseBlock(layers, features, growth);
        _second = new ResidualDenseBlock(layers, features, growth);
        _third = new ResidualDenseBlock(layers, features, growth);
        RegisterComponents();
    }

    /// <param name="input">[batch, features, height, width].</param>
    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        return _first.call(input).Into(_second.call).Into(_third.call)
            .Into(residual => input.Add(residual, ResidualDenseBlock.ResidualScale)).MoveToOuterDisposeScope();
    }
}
