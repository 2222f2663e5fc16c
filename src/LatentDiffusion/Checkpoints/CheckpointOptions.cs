using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>How the files of a model are loaded.</summary>
public sealed record CheckpointOptions
{
    /// <summary>Device of the networks; null for the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>Type that the networks' parameters are converted to; null (default) keeps the type of the file.</summary>
    public ScalarType? Type { get; init; }

    /// <summary>
    /// Variant of the weights to prefer, for example <c>fp16</c>; null for the plain ones, or the only variant of the folder.
    /// </summary>
    public string? Variant { get; init; }

    /// <summary>Logs everything that is ignored or chosen while reading; null (default) for no log.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>Families of models that are tried before the registered ones: see <see cref="ModelFamilies"/>. Default none.</summary>
    public IReadOnlyList<ModelFamily> Families { get; init; } = [];

    /// <summary>How the weights of linear layers and token tables are held. Default <see cref="WeightStorage.Expanded"/>.</summary>
    public WeightStorage Storage { get; init; }

    /// <summary>
    /// Supplies scale, shift and statistics of the latents for an autoencoder file that does not state them; null for those of Stable
    /// Diffusion 1, or of FLUX.1 with 16 channels.
    /// </summary>
    internal AutoencoderKLConfig? UnstatedLatents { get; init; }

    /// <summary>Type for a network of a file: <see cref="Type"/>, or the file's only floating-point type, or float32.</summary>
    internal ScalarType TypeFor(ITensorSource source)
    {
        if (Type is { } asked) return asked;
        // Products with weights as stored are in float32.
        if (Storage == WeightStorage.AsStored) return ScalarType.Float32;
        ScalarType[] stored = [.. source.Entries.Select(e => e.DataType).Where(IsFloat).Distinct()];
        return stored is [var only] ? only : ScalarType.Float32;
    }

    internal static bool IsFloat(ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;
}
