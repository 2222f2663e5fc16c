namespace LatentDiffusion;

/// <summary>
/// Models in one file with the names of the original latent-diffusion code: SD 1.x, 2.x, XL and its refiner, with 4 or 9
/// channels, and those distilled from them whose blocks have unequal depths or no middle (SSD-1B, tiny-sd). Safetensors, or
/// PyTorch's <c>.ckpt</c>. Such a file has no tokenizer: see <see cref="SingleFileOptions.Vocabulary"/>.
/// </summary>
public static class SingleFileCheckpoint
{
    /// <summary>
    /// Reads the components of a pipeline. The file may lack its autoencoder, and its text towers: the components then have
    /// none.
    /// </summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="options">How it is loaded; null for the CPU and the file's own types.</param>
    /// <param name="model">What the file does not say; null for what was published.</param>
    /// <exception cref="CheckpointException">The file is damaged, lacks its U-Net, or has tensors that fit none; the message names them.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static StableDiffusionComponents Read(string path, CheckpointOptions? options = null, SingleFileOptions? model = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using ITensorSource file = Checkpoint.Open(path);
        using var reader = new SingleFileReader(file, options ?? new CheckpointOptions(), model ?? new SingleFileOptions());
        return reader.Read();
    }

    /// <summary>Reads an autoencoder: one on its own, with the original names or today's, or that of a whole model.</summary>
    internal static AutoencoderKL ReadAutoencoder(string path, CheckpointOptions options)
    {
        using ITensorSource file = Checkpoint.Open(path);
        using var reader = new SingleFileReader(file, options, new SingleFileOptions());
        return reader.ReadAutoencoder();
    }

    /// <summary>Reads a ControlNet: one on its own, with the original names or today's, or one next to a model.</summary>
    internal static ControlNetModel ReadControlNet(string path, CheckpointOptions options)
    {
        using ITensorSource file = Checkpoint.Open(path);
        using var reader = new SingleFileReader(file, options, new SingleFileOptions());
        return reader.ReadControlNet();
    }

    /// <summary>The vocabulary for a file; null where it has no text tower.</summary>
    /// <exception cref="FileNotFoundException">It has one, and there is no vocabulary next to it.</exception>
    internal static BpeVocabulary? FindVocabulary(string path)
    {
        using ITensorSource file = Checkpoint.Open(path);
        return SingleFileReader.HasText(file) ? BpeVocabulary.Open(FindTokenizer(path)) : null;
    }

    /// <summary>The folder beside a file, or <c>tokenizer</c> in it, that has a tokenizer's files.</summary>
    /// <exception cref="FileNotFoundException">None has.</exception>
    internal static string FindTokenizer(string path)
    {
        string beside = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return new[] { beside, Path.Combine(beside, "tokenizer") }.FirstOrDefault(BpeVocabulary.IsIn)
            ?? throw new FileNotFoundException(
                $"A single file has no tokenizer, and beside {path} there is no {BpeVocabulary.TokensFile} or {BpeVocabulary.CombinedFile}: name a folder with CLIP's {BpeVocabulary.TokensFile} and {BpeVocabulary.MergesFile}, or its {BpeVocabulary.CombinedFile}.");
    }
}
