namespace LatentDiffusion;

/// <summary>Patches the model's weights when a pipeline is built. From then on the patches are the model's.</summary>
internal static class LoraFeature
{
    public static void AddTo(PipelineAssembly assembly)
    {
        IReadOnlyList<LoraChoice> choices = assembly.Choices.All<LoraChoice>();
        DiffusionModel? model = assembly.Model;
        if (choices.Count > 0)
        {
            if (model is null) throw ComponentSource.Missing("a model, whose weights LoRA patches");
            model.ApplyLoras(choices);
        }

        foreach ((string file, string tensors) in model?.IgnoredLoraTensors ?? []) assembly.Logger.LoraTensorsIgnored(file, tensors);
        foreach (string file in model?.EmptyLoras ?? []) assembly.Logger.EmptyLora(file);
    }
}
