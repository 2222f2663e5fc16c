namespace TrainFromScratch;

/// <summary>Names in a model folder.</summary>
internal static class ModelFiles
{
    public const string Weights = "diffusion_pytorch_model.safetensors";
}
