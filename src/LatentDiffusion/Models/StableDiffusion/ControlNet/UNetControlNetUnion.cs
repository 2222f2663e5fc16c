using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A union ControlNet of a U-Net. Computes in its network's precision.</summary>
/// <param name="network">The network, which it owns.</param>
internal sealed class UNetControlNetUnion(ControlNetUnionModel network) : IControlNet
{
    private readonly ScalarType _type = NetworkUse.TypeOf(network);

    public ControlNetDescription Description { get; } =
        UNetControlNet.Describe(network.Config) with { Modes = network.Config.NumControlType };

    public IControlNetRun Start() => new UNetControlNetRun(_type, Evaluate);

    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(network, device);
        return true;
    }

    public void Dispose() => network.Dispose();

    private ControlNetOutput Evaluate(UNetInput input, IReadOnlyList<ControlCondition> images) => network.call(new ControlNetUnionInput(
        input, [.. images.Select(image => new UnionCondition(image.Image.to(_type), image.Mode) { Scale = image.Scale })]));
}
