using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A model in one file with the names of the original code.</summary>
internal sealed class ModelFile(string path, string? tokenizerFolder, SingleFileOptions? options, Device? device, ScalarType? precision)
    : ModelSource
{
    public override bool ReadsFiles => true;

    public override string File => path;

    public override string NameFor(IServiceProvider services) => Path.GetFileNameWithoutExtension(path);

    public override DiffusionModel Open(IServiceProvider services, ModelPlacement placement) => DiffusionModel.ReadFile(
        path, tokenizerFolder, options, device ?? placement.Device, precision ?? placement.Precision, placement.Reading);
}
