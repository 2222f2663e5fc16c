using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A model folder in the layout of diffusers.</summary>
internal sealed class ModelFolder(string folder, Device? device, ScalarType? precision, string? variant) : ModelSource
{
    public override bool ReadsFiles => true;

    public override string NameFor(IServiceProvider services) => NameOf(folder);

    public override DiffusionModel Open(IServiceProvider services, ModelPlacement placement) =>
        DiffusionModel.Read(folder, device ?? placement.Device, precision ?? placement.Precision, variant, placement.Reading);
}
