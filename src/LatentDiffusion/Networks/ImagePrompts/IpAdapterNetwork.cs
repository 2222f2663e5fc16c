using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// An IP-Adapter (Ye et al. 2023): makes tokens of an image, and their keys and values for the cross-attention layers of a denoiser.
/// Parameter names are the published ones.
/// </summary>
internal sealed class IpAdapterNetwork : LayerGroup
{
    [ComponentName(Name = "image_proj")] private readonly ImageProjection _projection;
    [ComponentName(Name = "ip_adapter")] private readonly IpAdapterLayers _layers;

    /// <param name="projection">Makes the tokens.</param>
    /// <param name="layers">Their keys and values.</param>
    public IpAdapterNetwork(ImageProjection projection, IpAdapterLayers layers) : base(nameof(IpAdapterNetwork))
    {
        (_projection, _layers) = (projection, layers);
        RegisterComponents();
    }

    /// <inheritdoc cref="ImageProjection.ReadsHiddenStates"/>
    public bool ReadsHiddenStates => _projection.ReadsHiddenStates;

    /// <inheritdoc cref="ImageProjection.InputWidth"/>
    public long InputWidth => _projection.InputWidth;

    /// <summary>The tokens of images.</summary>
    /// <param name="images">[images, input width], or with hidden states [images, states, input width].</param>
    /// <returns>[images, tokens, width of the text].</returns>
    public Tensor Project(Tensor images)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _projection.call(images);
    }

    /// <summary>Keys and values of tokens in each cross-attention layer, in the published order of the layers.</summary>
    /// <param name="tokens">[batch, tokens, width of the text].</param>
    /// <param name="reads">Whether a layer, by its index, is to have them.</param>
    /// <returns>[batch, tokens, width of the layer] of both; null for layers that are left out.</returns>
    public IReadOnlyList<(Tensor Keys, Tensor Values)?> KeysAndValues(Tensor tokens, Func<int, bool> reads)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _layers.KeysAndValues(tokens, reads);
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }
}
