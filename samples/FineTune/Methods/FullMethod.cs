using LatentDiffusion.Checkpoints;
using static TorchSharp.torch;

namespace FineTune;

/// <summary>Trains all weights of the denoising network and, where the settings say so, of the text encoders.</summary>
internal sealed class FullMethod(RunContext context) : TrainedMethod(context)
{
    private const string ModelFile = "model.safetensors";

    public override string Write(string folder, ScalarType type)
    {
        if (Context.Settings.Output.Form == OutputForm.Folder)
        {
            DiffusersFolder.Write(Context.Model.Components, folder, type);
            return folder;
        }

        string path = Path.Combine(folder, ModelFile);
        SingleFileCheckpoint.Write(Context.Model.Components, path, type);
        return path;
    }
}
