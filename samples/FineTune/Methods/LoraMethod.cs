using LatentDiffusion.Checkpoints;
using LatentDiffusion.Training;
using static TorchSharp.torch;

namespace FineTune;

/// <summary>Trains low-rank adapters.</summary>
internal sealed class LoraMethod(RunContext context) : TrainedMethod(context)
{
    // The name that pipelines of diffusers look for.
    private const string PeftFile = "pytorch_lora_weights.safetensors", KohyaFile = "lora.safetensors";

    private LoraTraining? _adapters;

    public override ITrainingObjective Whole(ITrainingObjective objective)
    {
        LoraTrainingOptions options = (Context.Settings.Lora ?? new LoraTrainingOptions()) with { Seed = Context.Settings.Seed };
        _adapters = Owned(new LoraTraining(objective.Modules, options, Context.Model.Components.Family));
        return _adapters.Objective(objective);
    }

    public override string Write(string folder, ScalarType type)
    {
        bool kohya = Context.Settings.Output.Form == OutputForm.Kohya;
        string path = Path.Combine(folder, kohya ? KohyaFile : PeftFile);
        _adapters!.Save(path, type, kohya ? LoraLayout.Kohya : LoraLayout.Peft);
        return path;
    }
}
