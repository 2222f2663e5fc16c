using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The projection of the plain IP-Adapter: a few tokens of one embedding (Ye et al. 2023, section 3.2.1).</summary>
internal sealed class LinearImageProjection : ImageProjection
{
    [ComponentName(Name = "proj")] private readonly LinearLayer _projection;
    [ComponentName(Name = "norm")] private readonly LayerNormLayer _norm;
    private readonly long _width;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="inputWidth">Width of the embedding.</param>
    /// <param name="width">Width of a token.</param>
    /// <param name="tokens">Number of tokens.</param>
    public LinearImageProjection(LayerFactory layers, long inputWidth, long width, long tokens) : base(nameof(LinearImageProjection))
    {
        (InputWidth, _width) = (inputWidth, width);
        _projection = layers.Linear(inputWidth, tokens * width);
        _norm = layers.LayerNorm(width);
        RegisterComponents();
    }

    public override bool ReadsHiddenStates => false;

    public override long InputWidth { get; }

    /// <param name="embeds">[images, input width].</param>
    /// <returns>[images, tokens, width].</returns>
    public override Tensor forward(Tensor embeds)
    {
        using DisposeScope scope = NewDisposeScope();
        return _norm.call(_projection.call(embeds).view(embeds.shape[0], -1, _width)).MoveToOuterDisposeScope();
    }
}
