using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The ControlNets in one generation.</summary>
/// <param name="networks">The pipeline's ControlNets.</param>
/// <param name="device">Where they compute.</param>
internal sealed class ControlNetRun(IReadOnlyList<LoadedControlNet> networks, Device device) : IFeatureRun
{
    public IFeaturePass Prepare(GenerationRequest pass, int index) => ControlInputs.FromRequest(pass, networks, device);
}
