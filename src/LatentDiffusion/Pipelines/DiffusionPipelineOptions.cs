using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>What a pipeline does where a request does not say.</summary>
public sealed record DiffusionPipelineOptions : IValidatableObject
{
    /// <summary>Sampling steps, 1 to 1000. Null, the default, for the model's own (<see cref="DiffusionModel.Steps"/>), or else 20.</summary>
    [RequestRange(nameof(GenerationRequest.Steps))]
    public int? Steps { get; set; }

    /// <summary>
    /// Guidance scale, 0 to 100; 1 is no guidance. Null, the default, for the model's own
    /// (<see cref="DiffusionModel.GuidanceScale"/>), or else 5.
    /// </summary>
    [RequestRange(nameof(GenerationRequest.GuidanceScale))]
    public double? GuidanceScale { get; set; }

    /// <summary>
    /// Stochasticity of DDIM and TCD, 0 to 1 (<see cref="GenerationRequest.Eta"/>). Null, the default, for the sampler's own.
    /// </summary>
    [RequestRange(nameof(GenerationRequest.Eta))]
    public double? Eta { get; set; }

    /// <summary>Noise that Euler samplers add back at each step (<see cref="GenerationRequest.Churn"/>). Null, the default, for none.</summary>
    public ChurnOptions? Churn { get; set; }

    /// <summary>
    /// How many pictures of a request, or of requests generated together, go through the network at once, at least 1. With the default of 1 each picture is
    /// bit for bit the one that its seed gives in a request of one; more is faster on GPUs and agrees within rounding.
    /// </summary>
    [Range(1, 1024)]
    public int BatchSize { get; set; } = 1;

    /// <summary>The most characters of a prompt; a request with a longer one is refused. 1 to 1,000,000, default 20,000.</summary>
    [Range(1, 1_000_000)]
    public int MaximumPromptLength { get; set; } = 20_000;

    /// <summary>
    /// How many generations run at once over the weights, at least 1; further ones wait for their turn, first come first
    /// served, without holding a thread where they are asynchronous. Null, the default, for no limit.
    /// </summary>
    [Range(1, 1024)]
    public int? MaxConcurrentGenerations { get; set; }

    /// <summary>
    /// How many generations may wait for their turn; a further one is refused with a <see cref="GenerationLimitException"/>.
    /// 0 refuses whatever cannot run at once. Null, the default, for no limit.
    /// </summary>
    [Range(0, 1_000_000)]
    public int? MaximumQueueLength { get; set; }

    /// <summary>
    /// The most pixels (height times width) of an image that is generated, upscaled, or brought by a request; a request with
    /// more is refused with a <see cref="GenerationLimitException"/>. Null, the default, for no limit but the sides' 16,384.
    /// </summary>
    [Range(1L, 1L << 28)]
    public long? MaximumPixels { get; set; }

    /// <summary>
    /// The most images of one call, all its requests together; more are refused with a <see cref="GenerationLimitException"/>.
    /// 1 to 1024, the default.
    /// </summary>
    [RequestRange(nameof(GenerationRequest.Count))]
    public int MaximumImages { get; set; } = RequestSettings.Count.Range!.Maximum;

    /// <summary>
    /// Bytes that generations may need at once beyond the weights, at least a mebibyte, by an estimate from image size,
    /// batch and networks (networks other than the library's own count as nothing). A generation waits until there is
    /// room; a request that needs more by itself is refused with a <see cref="GenerationLimitException"/>. Null, the
    /// default, for no limit.
    /// </summary>
    [Range(1L << 20, 1L << 50)]
    public long? MaximumMemory { get; set; }

    /// <summary>How long a generation may take where its request does not say: more than zero, at most 24 days. Null, the default, for no limit.</summary>
    [RequestRange(nameof(GenerationRequest.TimeLimit))]
    public TimeSpan? TimeLimit { get; set; }

    /// <summary>
    /// Takes pictures larger than a tile through the autoencoder in tiles: see <see cref="TiledAutoencoder"/>. Null, the
    /// default, for whole pictures.
    /// </summary>
    public TilingOptions? Tiling { get; set; }

    /// <summary>Takes the pictures of a batch through the autoencoder one at a time: see <see cref="SlicedAutoencoder"/>. Default false.</summary>
    public bool SlicedDecoding { get; set; }

    /// <summary>
    /// Keeps text encoder, denoiser and autoencoder in the computer's memory but while their stage of a generation runs: see
    /// <see cref="MemoryBuilderExtensions.UseOffload"/>. Default false.
    /// </summary>
    public bool Offload { get; set; }

    /// <summary>
    /// Returns images even where latents or pixels are NaN or infinite, and logs a warning; pixels that are NaN become black.
    /// Default false: the generation ends in a <see cref="NonFiniteValuesException"/>.
    /// </summary>
    public bool AllowNonFiniteValues { get; set; }

    /// <summary>What logs, telemetry and pictures' metadata call the model. Null, the default, for the name of its folder, where it has one.</summary>
    public string? ModelId { get; set; }

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        var results = new List<ValidationResult>();
        if (Tiling is not null) Validator.TryValidateObject(Tiling, new ValidationContext(Tiling), results, validateAllProperties: true);
        return results.Select(r => new ValidationResult($"{nameof(Tiling)}: {r.ErrorMessage}", r.MemberNames));
    }
}
