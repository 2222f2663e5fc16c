using static TorchSharp.torch;

namespace LatentDiffusion;

/// <content>What makes a pipeline need less memory.</content>
public sealed partial class DiffusionPipelineBuilder
{
    private Device? _home;

    /// <summary>
    /// Takes pictures larger than a tile through the autoencoder in tiles, in decoding and in encoding pictures to start
    /// from: see <see cref="TiledAutoencoder"/>.
    /// </summary>
    /// <param name="options">How; null for the defaults. <see cref="Build(IServiceProvider?)"/> refuses what does not fit the autoencoder.</param>
    public DiffusionPipelineBuilder UseTiledDecoding(TilingOptions? options = null) => Configure(o => o.Tiling = options ?? new TilingOptions());

    /// <summary>
    /// Takes the pictures of a batch (<see cref="DiffusionPipelineOptions.BatchSize"/>) through the autoencoder one
    /// at a time: see <see cref="SlicedAutoencoder"/>.
    /// </summary>
    public DiffusionPipelineBuilder UseSlicedDecoding() => Configure(o => o.SlicedDecoding = true);

    /// <summary>
    /// Keeps text encoder, denoiser and autoencoder elsewhere but while their stage of a generation runs: the device that
    /// computes needs room for the largest stage in place of all parts. Denoising is one stage, with all that takes part in
    /// it: its ControlNets, and both U-Nets where there is a refiner. Moves take time in every generation. A part that several generations use at once stays until the last of them is done with it. Parts of the
    /// caller's own are moved where they implement <see cref="IOffloadable.TryMoveTo"/>.
    /// </summary>
    /// <param name="home">Where parts wait; null for the computer's memory. A model's files, and a refiner's, are read to there.</param>
    public DiffusionPipelineBuilder UseOffload(Device? home = null)
    {
        Configure(o => o.Offload = true);
        _home = home;
        return this;
    }
}
