using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A ControlNet of a U-Net. Computes in its network's precision.</summary>
/// <param name="network">The network, which it owns.</param>
internal sealed class UNetControlNet(ControlNetModel network) : IControlNet
{
    private readonly ScalarType _type = NetworkUse.TypeOf(network);

    public ControlNetDescription Description { get; } = Describe(network.Config);

    public IControlNetRun Start() => new UNetControlNetRun(_type, Evaluate);

    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(network, device);
        return true;
    }

    public void Dispose() => network.Dispose();

    /// <summary>What a ControlNet of a configuration reads and gives.</summary>
    public static ControlNetDescription Describe(ControlNetConfig config)
    {
        UNet2DConditionConfig encoder = config.Encoder();
        return new ControlNetDescription(
            config.InChannels, encoder.EncoderHidDim ?? encoder.CrossAttentionDim[0], UNetDescription.ResidualChannels(encoder),
            1 << (config.ConditioningEmbeddingOutChannels.Length - 1));
    }

    private ControlNetOutput Evaluate(UNetInput input, IReadOnlyList<ControlCondition> images) => images is [var image]
        ? network.call(new ControlNetInput(input, image.Image.to(_type)) { ConditioningScale = image.Scale })
        : throw new ArgumentException($"A ControlNet reads one image; {images.Count} were given.", nameof(images));
}
