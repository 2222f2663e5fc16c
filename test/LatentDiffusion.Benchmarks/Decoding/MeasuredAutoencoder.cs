using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>The autoencoder that is measured.</summary>
internal static class MeasuredAutoencoder
{
    /// <param name="folder">In the layout of diffusers, or with a file each for encoder and decoder; null for the shipped one.</param>
    public static LatentAutoencoder Open(string? folder)
    {
        folder ??= Path.Combine(AppContext.BaseDirectory, "models", "drawings", "vae");
        if (File.Exists(Path.Combine(folder, "config.json"))) return LatentAutoencoder.Open(folder, CPU);
        return new LatentAutoencoder(TinyCheckpoint.Open(
            Find("*_encoder.safetensors"), Find("*_decoder.safetensors"), options: new CheckpointOptions { Type = ScalarType.Float32 }));

        string Find(string pattern) => Directory.EnumerateFiles(folder, pattern).FirstOrDefault()
            ?? throw new FileNotFoundException($"'{folder}' has neither a config.json nor a file {pattern}.");
    }
}
