using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Encodes the visible part of a masked image to features of the sizes and channels that a decoder has (Zhu et al. 2023, section 3.2):
/// two convolutions at full size, then one for each halving.
/// </summary>
internal sealed class MaskConditionEncoder : nn.Module<Tensor, IReadOnlyList<Tensor>>
{
    /// <summary>Layers of the published network, whatever the depth of its decoder.</summary>
    private const int Depth = 5;

    [ComponentName(Name = "layers")] private readonly LayerList<Conv2dLayer> _layers = [];
    private readonly int _evaluated;

    /// <param name="factory">Makes the layers.</param>
    /// <param name="inChannels">Channels of the image.</param>
    /// <param name="channels">The decoder's channels at each resolution, from the highest.</param>
    public MaskConditionEncoder(LayerFactory factory, int inChannels, IReadOnlyList<int> channels)
        : base(NativeModule.Create(nameof(MaskConditionEncoder)), 0)
    {
        _evaluated = channels.Count + 1;
        int before = inChannels;
        foreach ((int i, int width) in Widths(channels).Index())
        {
            _layers.Add(i < 2 ? factory.Conv2d(before, width, 3, padding: 1) : factory.Conv2d(before, width, 4, stride: 2, padding: 1));
            before = width;
        }

        RegisterComponents();
    }

    /// <summary>Whether its features have the sizes and channels of a decoder.</summary>
    /// <param name="channels">The decoder's channels at each resolution, from the highest.</param>
    public static bool Fits(IReadOnlyList<int> channels)
    {
        if (channels.Count >= Depth) return false;
        int[] widths = [.. Widths(channels)];
        int last = channels.Count - 1;
        // A block reads the channels of the one below; after the last, at full size, are those of the highest resolution.
        return Enumerable.Range(0, channels.Count).All(level => Has(level, channels[Math.Min(level + 1, last)])) && Has(0, channels[0]);

        bool Has(int level, int width) => level == 0 ? widths[..2].Contains(width) : widths[level + 1] == width;
    }

    /// <param name="image">[batch, channels, height, width], 0 where it is not visible.</param>
    /// <returns>Features from full size down to that of the latents, in the caller's dispose scope.</returns>
    public override IReadOnlyList<Tensor> forward(Tensor image)
    {
        using DisposeScope scope = NewDisposeScope();
        var features = new List<Tensor>();
        foreach (Conv2dLayer layer in _layers.Take(_evaluated))
            features.Add(features.Count == 0 ? layer.call(image) : Activations.Relu(features[^1]).Into(layer.call));
        foreach (Tensor each in features) each.MoveToOuterDisposeScope();
        return features;
    }

    /// <summary>The published widths: doubled at each layer, up to that of the lowest resolution, which the last layer has.</summary>
    private static IEnumerable<int> Widths(IReadOnlyList<int> channels)
    {
        for (int i = 0; i < Depth - 1; i++) yield return (int)Math.Min((long)channels[0] << i, channels[^1]);
        yield return channels[^1];
    }
}
