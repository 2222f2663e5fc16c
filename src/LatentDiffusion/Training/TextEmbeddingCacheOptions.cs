using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Contents of a <see cref="TextEmbeddingCache"/>.</summary>
public sealed record TextEmbeddingCacheOptions
{
    /// <summary>Type of the stored hidden states and pooled vectors: float16 (the default), bfloat16 or float32.</summary>
    [AllowedValues(ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32)]
    public ScalarType Type { get; init; } = ScalarType.Float16;

    /// <summary>Captions encoded at a time, from 1 to 1024. Default 4.</summary>
    [Range(1, 1024)]
    public int BatchSize { get; init; } = 4;

    /// <summary>Receives which rows were damaged, and how many captions are truncated; null (the default) for none.</summary>
    public ILogger? Logger { get; init; }
}
