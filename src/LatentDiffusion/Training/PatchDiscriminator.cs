using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Distinguishes real images from reconstructions, patch by patch (Isola et al. 2017, section 3.2.2; Esser et al. 2021, section
/// 3.1). Normalises by groups where the paper does by batch, so that an image's answer follows only from it and a
/// checkpoint needs no running statistics.
/// </summary>
public sealed class PatchDiscriminator : nn.Module<Tensor, Tensor>
{
    private const double Slope = 0.2, NormEps = 1e-5;
    private const int Kernel = 4, LargestFactor = 8;

    [ComponentName(Name = "convolutions")] private readonly LayerList<Conv2dLayer> _convolutions = [];
    [ComponentName(Name = "norms")] private readonly LayerList<GroupNormLayer> _norms = [];

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="ValidationException">A value of the configuration is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">The groups do not divide the channels.</exception>
    public PatchDiscriminator(PatchDiscriminatorConfig config) : base(NativeModule.Create(nameof(PatchDiscriminator)), 0)
    {
        Config = ValidOptions.Check(config);
        LayerFactory layers = LayerFactory.Random;
        int channels = config.Channels;
        _convolutions.Add(layers.Conv2d(config.InChannels, channels, Kernel, stride: 2, padding: 1));
        for (int i = 1; i <= config.Layers; i++)
        {
            int next = config.Channels * Math.Min(1 << i, LargestFactor);
            // The last of them keeps the size.
            _convolutions.Add(layers.Conv2d(channels, next, Kernel, stride: i < config.Layers ? 2 : 1, padding: 1, bias: false));
            _norms.Add(layers.GroupNorm(config.NormNumGroups, next, NormEps));
            channels = next;
        }

        _convolutions.Add(layers.Conv2d(channels, 1, Kernel, padding: 1));
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public PatchDiscriminatorConfig Config { get; }

    /// <summary>Judges images.</summary>
    /// <param name="images">Pixels in [−1, 1], [batch, 3, height, width].</param>
    /// <returns>A number a patch, above 0 for real, [batch, 1, patches, patches].</returns>
    public override Tensor forward(Tensor images)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = _convolutions[0].call(images).LeakyRelu(Slope);
        for (int i = 0; i < _norms.Count; i++)
            hidden = _norms[i].call(_convolutions[i + 1].call(hidden)).LeakyRelu(Slope);
        return _convolutions[_convolutions.Count - 1].call(hidden).MoveToOuterDisposeScope();
    }
}
