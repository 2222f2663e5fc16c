using LatentDiffusion.Checkpoints;

namespace TrainFromScratch;

/// <summary>Files in a model folder.</summary>
internal static class ModelFiles
{
    public const string Weights = "diffusion_pytorch_model.safetensors";

    private static readonly string[] s_networks =
        [Path.Combine("vae", Weights), Path.Combine("unet", Weights), Path.Combine("text_encoder", "model.safetensors")];

    /// <summary>Checks that the initial networks can be read: the last of them is loaded after hours of training.</summary>
    /// <exception cref="IOException">One is missing.</exception>
    /// <exception cref="CheckpointException">One is damaged.</exception>
    public static void Require(string folder)
    {
        foreach (string network in s_networks)
        {
            string path = Path.Combine(folder, network);
            if (!File.Exists(path))
                throw new FileNotFoundException($"'{folder}' is not a model folder to start from: it has no {network}.", path);
            Checkpoint.Open(path).Dispose();
        }
    }
}
