using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A function of the application that opens a model.</summary>
internal sealed class ModelFunction(Func<IServiceProvider, Device?, DiffusionModel> open) : ModelSource
{
    public override DiffusionModel Open(IServiceProvider services, ModelPlacement placement) => open(services, placement.Device);
}
