using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The projection of the IP-Adapter "plus": learned queries that attend to the hidden states of an image, in several layers (the
/// perceiver resampler, Alayrac et al. 2022, section 3.1). Parameter names are the published ones.
/// </summary>
internal sealed class ImageResampler : ImageProjection
{
    /// <summary>Width of a head in all published files, which no shape shows.</summary>
    public const int HeadWidth = 64;

    [ComponentName(Name = "latents")] private readonly Parameter _latents;
    [ComponentName(Name = "proj_in")] private readonly LinearLayer _projectIn;
    [ComponentName(Name = "proj_out")] private readonly LinearLayer _projectOut;
    [ComponentName(Name = "norm_out")] private readonly LayerNormLayer _normOut;
    [ComponentName(Name = "layers")] private readonly LayerList<ResamplerLayer> _layers = [];

    /// <param name="layers">Makes the layers.</param>
    /// <param name="options">Widths and depth.</param>
    public ImageResampler(LayerFactory layers, ImageResamplerOptions options) : base(nameof(ImageResampler))
    {
        InputWidth = options.InputWidth;
        _latents = layers.Parameter(1 / Math.Sqrt(options.InnerWidth), 1, options.Tokens, options.InnerWidth);
        _projectIn = layers.Linear(options.InputWidth, options.InnerWidth);
        for (int i = 0; i < options.Depth; i++) _layers.Add(new ResamplerLayer(layers, options));
        _projectOut = layers.Linear(options.InnerWidth, options.Width);
        _normOut = layers.LayerNorm(options.Width);
        RegisterComponents();
    }

    public override bool ReadsHiddenStates => true;

    public override long InputWidth { get; }

    /// <param name="states">[images, states, input width].</param>
    /// <returns>[images, tokens, width].</returns>
    public override Tensor forward(Tensor states)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor image = _projectIn.call(states), latents = _latents.expand(states.shape[0], -1, -1);
        foreach (ResamplerLayer layer in _layers) latents = layer.call(latents, image);
        return _normOut.call(_projectOut.call(latents)).MoveToOuterDisposeScope();
    }
}
