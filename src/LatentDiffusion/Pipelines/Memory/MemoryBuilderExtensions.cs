using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Ways for a pipeline to need less memory.</summary>
public static class MemoryBuilderExtensions
{
    /// <summary>
    /// Encodes and decodes images larger than a tile in tiles: see <see cref="TiledAutoencoder"/>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="options">
    /// How; null for the defaults. <see cref="DiffusionPipelineBuilder.Build(IServiceProvider?)"/> refuses what does not fit the
    /// autoencoder.
    /// </param>
    public static DiffusionPipelineBuilder UseTiledDecoding(this DiffusionPipelineBuilder builder, TilingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Configure(o => o.Tiling = options ?? new TilingOptions());
    }

    /// <summary>
    /// Encodes and decodes the images of a batch (<see cref="DiffusionPipelineOptions.BatchSize"/>) one at a time: see
    /// <see cref="SlicedAutoencoder"/>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    public static DiffusionPipelineBuilder UseSlicedDecoding(this DiffusionPipelineBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Configure(o => o.SlicedDecoding = true);
    }

    /// <summary>
    /// Keeps text encoder, denoiser and autoencoder elsewhere except while their stage of a generation runs: the device that computes
    /// needs room for the largest stage instead of all components. Denoising is one stage, with everything that takes part in it: its
    /// ControlNets, and both U-Nets of a pipeline with a refiner. Moves take time in every generation. A component that several
    /// generations use at once stays until the last of them is done with it. Custom components are moved if they
    /// implement <see cref="IOffloadable.TryMoveTo"/>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="home">
    /// Where components wait; null for the computer's memory. A model's files, and a refiner's, are read to there.
    /// </param>
    public static DiffusionPipelineBuilder UseOffload(this DiffusionPipelineBuilder builder, Device? home = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Configure(o => o.Offload = true).Change(s => s.OffloadDevice = home);
    }
}
