namespace LatentDiffusion;

/// <summary>The autoencoder of another file in place of the model's.</summary>
/// <param name="autoencoder">The autoencoder, which the pipeline moves between devices as it does the model's.</param>
/// <param name="name">Name of its file or folder.</param>
internal sealed class AutoencoderFeature(LatentAutoencoder autoencoder, string name) : IPipelineFeature
{
    public static void AddTo(PipelineAssembly assembly)
    {
        if (assembly.Choices.Get<AutoencoderChoice>() is not { } choice) return;
        if (assembly.HasCustomAutoencoder)
            throw new InvalidOperationException("UseAutoencoder was called with a path and with an autoencoder; expected one of them.");
        LatentAutoencoder autoencoder = AutoencoderFile.Open(choice, assembly);
        assembly.Features.Add(new AutoencoderFeature(autoencoder, AutoencoderFile.NameOf(choice.Path)));
        assembly.PlainAutoencoder = autoencoder;
    }

    public IEnumerable<(string Key, object? Value)> Describe() => [("autoencoder", name)];

    public void Dispose() => autoencoder.Dispose();
}
