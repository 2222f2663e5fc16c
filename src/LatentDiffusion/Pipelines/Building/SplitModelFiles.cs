using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A model whose networks are in separate files.</summary>
internal sealed class SplitModelFiles(ModelFiles files, Device? device, ScalarType? precision) : ModelSource
{
    public override bool ReadsFiles => true;

    public override string File => files.Transformer;

    public override string NameFor(IServiceProvider services) => Path.GetFileNameWithoutExtension(files.Transformer);

    public override DiffusionModel Open(IServiceProvider services, ModelPlacement placement) =>
        DiffusionModel.ReadFiles(files, device ?? placement.Device, precision ?? placement.Precision, placement.Reading);
}
