using LatentDiffusion.Checkpoints;
using static TorchSharp.torch;

namespace FineTune;

/// <summary>Writes the result of a run to its folder.</summary>
internal static class RunOutput
{
    // The name that pipelines of diffusers look for.
    private const string PeftFile = "pytorch_lora_weights.safetensors", KohyaFile = "lora.safetensors", ModelFile = "model.safetensors";

    /// <returns>Path of the result.</returns>
    public static string Write(RunContext context, RunObjective objective)
    {
        ScalarType type = Type(context.Settings.Output.Precision);
        string folder = context.Run.Model;
        if (context.Settings.Output.Form == OutputForm.Folder)
        {
            DiffusersFolder.Write(context.Model.Components, folder, type);
            return folder;
        }

        Directory.CreateDirectory(folder);
        switch (context.Settings.Output.Form)
        {
            case OutputForm.Peft:
                objective.Adapters!.Save(Path.Combine(folder, PeftFile), type);
                return Path.Combine(folder, PeftFile);
            case OutputForm.Kohya:
                objective.Adapters!.Save(Path.Combine(folder, KohyaFile), type, LoraLayout.Kohya);
                return Path.Combine(folder, KohyaFile);
            default:
                SingleFileCheckpoint.Write(context.Model.Components, Path.Combine(folder, ModelFile), type);
                return Path.Combine(folder, ModelFile);
        }
    }

    private static ScalarType Type(OutputPrecision precision) => precision switch
    {
        OutputPrecision.Float16 => ScalarType.Float16,
        OutputPrecision.BFloat16 => ScalarType.BFloat16,
        _ => ScalarType.Float32,
    };
}
