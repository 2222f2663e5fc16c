namespace LatentDiffusion;

/// <summary>Lets the autoencoder work in tiles, or on one image of a batch at a time.</summary>
internal sealed class TilingFeature(TilingOptions? tiling) : IPipelineFeature
{
    public static void AddTo(PipelineAssembly assembly)
    {
        DiffusionPipelineOptions options = assembly.Options;
        if (options.Tiling is { } tiling) assembly.Autoencoder = TiledAutoencoder.Wrap(assembly.Autoencoder, tiling);
        if (options.SlicedDecoding) assembly.Autoencoder = new SlicedAutoencoder(assembly.Autoencoder);
        assembly.Features.Add(new TilingFeature(options.Tiling));
    }

    public IEnumerable<(string Key, object? Value)> Describe() => [("tiling", tiling)];
}
