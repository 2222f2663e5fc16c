using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A model folder in the layout of diffusers.</summary>
/// <param name="folder">Finds the folder when the pipeline is built.</param>
/// <param name="name">Name of the model.</param>
/// <param name="device">Where it computes; null for where the pipeline does.</param>
/// <param name="precision">Type of its weights; null for that of the pipeline.</param>
/// <param name="variant">Variant of its weights; null for the plain ones.</param>
internal sealed class ModelFolder(
    Func<IServiceProvider, string> folder, string name, Device? device, ScalarType? precision, string? variant) : ModelSource
{
    public ModelFolder(string folder, Device? device, ScalarType? precision, string? variant)
        : this(_ => folder, NameOf(folder), device, precision, variant)
    {
    }

    public override bool ReadsFiles => true;

    public override string NameFor(IServiceProvider services) => name;

    public override DiffusionModel Open(IServiceProvider services, ModelPlacement placement) => DiffusionModel.Read(
        folder(services), device ?? placement.Device, precision ?? placement.Precision, variant, placement.Reading);
}
