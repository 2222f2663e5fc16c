using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>Defaults of a pipeline for its requests, limits, and memory settings.</summary>
public sealed record DiffusionPipelineOptions : IValidatableObject
{
    /// <summary>
    /// Sampling steps, 1 to 1000. Null, the default, for the model's own (<see cref="DiffusionModel.Steps"/>), or else 20.
    /// </summary>
    [RequestRange(nameof(GenerationRequest.Steps))]
    public int? Steps { get; set; }

    /// <summary>
    /// Guidance scale, 0 to 100; 1 disables guidance. Null, the default, for the model's own
    /// (<see cref="DiffusionModel.GuidanceScale"/>), or else 5.
    /// </summary>
    [RequestRange(nameof(GenerationRequest.GuidanceScale))]
    public double? GuidanceScale { get; set; }

    /// <summary>
    /// Stochasticity of DDIM and TCD, 0 to 1 (<see cref="GenerationRequest.Eta"/>). Null, the default, for the sampler's own.
    /// </summary>
    [RequestRange(nameof(GenerationRequest.Eta))]
    public double? Eta { get; set; }

    /// <summary>
    /// Noise that Euler samplers add back at each step (<see cref="GenerationRequest.Churn"/>). Null, the default, for none.
    /// </summary>
    public ChurnOptions? Churn { get; set; }

    /// <summary>
    /// How many images, of one request or of requests generated together, the network evaluates at once, 1 to 1024. With the default of 1
    /// each image is bit for bit the one that its seed gives in a request of one; larger batches are faster on GPUs and agree within
    /// rounding.
    /// </summary>
    [Range(1, 1024)]
    public int BatchSize { get; set; } = 1;

    /// <summary>The most characters of a prompt; a request with a longer one is refused. 1 to 1,000,000, default 20,000.</summary>
    [Range(1, 1_000_000)]
    public int MaximumPromptLength { get; set; } = 20_000;

    /// <summary>
    /// How many generations run at once over the weights, 1 to 1024. Others wait, first come first served; asynchronous ones hold no
    /// thread meanwhile. Null, the default, for no limit.
    /// </summary>
    [Range(1, 1024)]
    public int? MaxConcurrentGenerations { get; set; }

    /// <summary>
    /// How many generations may wait for their turn; a further one is refused with a <see cref="GenerationLimitException"/>.
    /// 0 refuses generations that cannot run at once. Null, the default, for no limit.
    /// </summary>
    [Range(0, 1_000_000)]
    public int? MaximumQueueLength { get; set; }

    /// <summary>
    /// The most pixels (height times width) of an image that is generated, upscaled, or brought by a request; a request with
    /// more is refused with a <see cref="GenerationLimitException"/>. Null, the default, limits only the sides, to 16,384.
    /// </summary>
    [Range(1L, 1L << 28)]
    public long? MaximumPixels { get; set; }

    /// <summary>
    /// The most images of one call, all its requests together; more are refused with a <see cref="GenerationLimitException"/>.
    /// 1 to 1024, the default.
    /// </summary>
    [RequestRange(nameof(GenerationRequest.ImageCount))]
    public int MaximumImages { get; set; } = RequestSettings.ImageCount.Range!.Maximum;

    /// <summary>
    /// Bytes that generations may need at once beyond the weights, at least a mebibyte, by an estimate from image size,
    /// batch and networks (networks other than the library's own count as nothing). A generation waits until there is
    /// room; a request that needs more by itself is refused with a <see cref="GenerationLimitException"/>. Null, the
    /// default, for no limit.
    /// </summary>
    [Range(1L << 20, 1L << 50)]
    public long? MaximumMemory { get; set; }

    /// <summary>
    /// How long a generation may take whose request has no limit: more than zero, at most 24 days. Null, the default, for no limit.
    /// </summary>
    [RequestRange(nameof(GenerationRequest.TimeLimit))]
    public TimeSpan? TimeLimit { get; set; }

    /// <summary>
    /// Encodes and decodes images larger than a tile in tiles: see <see cref="TiledAutoencoder"/>. Null, the default, for whole images.
    /// </summary>
    public TilingOptions? Tiling { get; set; }

    /// <summary>Encodes and decodes the images of a batch one at a time: see <see cref="SlicedAutoencoder"/>. Default false.</summary>
    public bool SlicedDecoding { get; set; }

    /// <summary>
    /// Keeps text encoder, denoiser and autoencoder in the computer's memory except while their stage of a generation runs: see
    /// <see cref="MemoryBuilderExtensions.UseOffload"/>. Default false.
    /// </summary>
    public bool Offload { get; set; }

    /// <summary>
    /// Returns images even where latents or pixels are NaN or infinite, and logs a warning; pixels that are NaN become black.
    /// Default false: the generation ends in a <see cref="NonFiniteValuesException"/>.
    /// </summary>
    public bool AllowNonFiniteValues { get; set; }

    /// <summary>Name of the model in logs, telemetry and image metadata. Null, the default, for the name of its folder or file.</summary>
    public string? ModelId { get; set; }

    /// <summary>
    /// Format of the settings in image files: the entries of this library, the text of Stable Diffusion web UI, which many programs read,
    /// or both. Default <see cref="MetadataFormat.Native"/>.
    /// </summary>
    [EnumDataType(typeof(MetadataFormat))]
    public MetadataFormat MetadataFormat { get; set; }

    /// <summary>
    /// Whether <see cref="GeneratedImage.Parameters"/> has the hashes of the model's file and of LoRA files (<see cref="ModelHash"/>). Each
    /// file is then read once more, when the first image is generated with it. Default false.
    /// </summary>
    public bool FileHashes { get; set; }

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        IReadOnlyList<ValidationResult> errors = Tiling is null ? [] : ValidOptions.Errors(Tiling);
        return errors.Select(r => new ValidationResult($"{nameof(Tiling)}: {r.ErrorMessage}", r.MemberNames));
    }
}
