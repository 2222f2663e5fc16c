namespace LatentDiffusion;

/// <summary>What to generate. The pipeline fills in properties that are null.</summary>
/// <example>
/// <code>
/// using LatentDiffusion;
///
/// GenerationRequest request = new()
/// {
///     Prompt = "a harbour at dawn, oil painting", NegativePrompt = "people", Seed = 7, ImageCount = 4,
///     Width = 512, Height = 512, Steps = 20, GuidanceScale = 7,
/// };
/// GenerationRequest withAnotherScheduler = request with { SchedulerName = "euler-a" };
/// </code>
/// </example>
public sealed record GenerationRequest
{
    /// <summary>
    /// Describes the image. At most <see cref="DiffusionPipelineOptions.MaximumPromptLength"/> characters, 20,000 by default.
    /// </summary>
    public required string Prompt { get; init; }

    /// <summary>
    /// Describes what the image must not show; guidance leads away from it. Default empty, which is encoded by
    /// <see cref="ITextEncoder.EncodeUnconditional"/>. For SDXL's base models these are zeros; a single space encodes the empty prompt.
    /// </summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>
    /// Conditioning that replaces the encoded <see cref="Prompt"/>, published name <c>prompt_embeds</c>: of one prompt, with the shapes
    /// of the pipeline's text encoder (<see cref="DiffusionPipeline.Encode(IReadOnlyList{string}, CancellationToken)"/>). The caller keeps
    /// it and must not change its tensors during the generation.
    /// </summary>
    public Conditioning? PromptEmbeds { get; init; }

    /// <summary>
    /// Conditioning that replaces the encoded <see cref="NegativePrompt"/>, published name <c>negative_prompt_embeds</c>, with the shapes
    /// of <see cref="PromptEmbeds"/>.
    /// </summary>
    public Conditioning? NegativePromptEmbeds { get; init; }

    /// <summary>Seed of the first image; each further image has the next number. Null draws one, which the result contains.</summary>
    public ulong? Seed { get; init; }

    /// <summary>
    /// Another seed, to vary the image of <see cref="Seed"/> or to interpolate between the two: all noise is interpolated between that of
    /// both seeds. Further images then have the next number here and the same <see cref="Seed"/>. Null for none.
    /// </summary>
    public ulong? VariationSeed { get; init; }

    /// <summary>
    /// How far to go towards <see cref="VariationSeed"/>, 0 to 1: 0 gives the image of <see cref="Seed"/> and 1 that of the variation
    /// seed. Null for 0.2. Refused without a variation seed.
    /// </summary>
    public double? VariationStrength { get; init; }

    /// <summary>Number of images, 1 to 1024. Default 1.</summary>
    public int ImageCount { get; init; } = 1;

    /// <summary>
    /// Sampling steps, 1 to 1000. Null for the length of <see cref="Timesteps"/> or <see cref="Sigmas"/>, or the pipeline's.
    /// </summary>
    public int? Steps { get; init; }

    /// <summary>Guidance scale, 0 to 100; 1 disables guidance. Null for the pipeline's.</summary>
    public double? GuidanceScale { get; init; }

    /// <summary>
    /// Name of the scheduler for this request, as <see cref="KnownSchedulers.TryGet"/> reads it, for example <c>dpm++-karras</c>. It is
    /// created with the model's configuration. With flow-matching models, <c>euler</c>, <c>heun</c> and <c>lcm</c> select the flow-matching
    /// schedulers. Null, the default, for the pipeline's scheduler. Refused by a pipeline without a model.
    /// </summary>
    public string? SchedulerName { get; init; }

    /// <summary>
    /// The layer of the text encoder that conditions the image, as <see cref="PromptingOptions.ClipSkip"/> counts, from 1 for the last.
    /// Null, the default, for the pipeline's. Refused by text encoders without a choice of layers.
    /// </summary>
    public int? ClipSkip { get; init; }

    /// <summary>
    /// Image guidance scale of InstructPix2Pix models (Brooks et al. 2023, equation 3), 1 to 100: how closely the result follows the image.
    /// 1 disables image guidance; so does a <see cref="GuidanceScale"/> of 1. Null for 1.5. Refused by other models. Published name
    /// <c>image_guidance_scale</c>.
    /// </summary>
    public double? ImageGuidanceScale { get; init; }

    /// <summary>
    /// Timesteps to sample at, one for each step: descending, from 0 to below the model's number of training timesteps. Null for
    /// those that the scheduler spaces. Refused with <see cref="Sigmas"/>, or by a scheduler that takes none.
    /// </summary>
    public IReadOnlyList<double>? Timesteps { get; init; }

    /// <summary>
    /// Noise levels to sample at, one for each step: descending and more than 0, without the final 0
    /// (<see cref="SamplingOptions.Sigmas"/>), for example those of <see cref="AlignYourSteps"/>. Null for those that the
    /// scheduler spaces. Refused with <see cref="Timesteps"/>, or by a scheduler that takes none.
    /// </summary>
    public IReadOnlyList<double>? Sigmas { get; init; }

    /// <summary>
    /// Stochasticity of the sampler, 0 to 1: DDIM's η and TCD's γ (<see cref="SamplingOptions.Eta"/>). Null for the pipeline's with
    /// its own scheduler, or else the sampler's own. Refused by other schedulers.
    /// </summary>
    public double? Eta { get; init; }

    /// <summary>
    /// Noise that is added back at each step (<see cref="SamplingOptions.Churn"/>). Null for the pipeline's with its own scheduler, or else
    /// none. Refused by schedulers that cannot.
    /// </summary>
    public ChurnOptions? Churn { get; init; }

    /// <summary>
    /// The shift of a scheduler with dynamic shifting (FLUX), -10 to 10: see <see cref="SamplingOptions.Mu"/>. Null computes it
    /// from the image size. Refused by other schedulers.
    /// </summary>
    public double? Mu { get; init; }

    /// <summary>
    /// Width in pixels, a multiple of the autoencoder's downsampling factor. Null for that of <see cref="InitialImage"/>, or of the first
    /// of the <see cref="ReferenceImages"/>, or else the model's.
    /// </summary>
    public int? Width { get; init; }

    /// <summary>
    /// Height in pixels, a multiple of the autoencoder's downsampling factor. Null for that of <see cref="InitialImage"/>, or of the first
    /// of the <see cref="ReferenceImages"/>, or else the model's.
    /// </summary>
    public int? Height { get; init; }

    /// <summary>
    /// An image to start from: noise is added to it, as much as <see cref="Strength"/> says, and removed again towards the prompt (Meng et
    /// al. 2022, "SDEdit"). The generated image has its size unless <see cref="Width"/> and <see cref="Height"/> are set; it is then
    /// resized. Null starts from noise only.
    /// </summary>
    public ImageBuffer? InitialImage { get; init; }

    /// <summary>
    /// How much of <see cref="InitialImage"/> is generated again: the fraction of the steps that run, more than 0 and at most 1. Null for
    /// 0.8. At 1 with a <see cref="Mask"/>, the repainted area starts from noise only. Refused without an initial image.
    /// </summary>
    public double? Strength { get; init; }

    /// <summary>
    /// The area of <see cref="InitialImage"/> that is repainted, in white; black stays. Grey counts as the nearer of the two. The mask has
    /// the size of the initial image. Null repaints all of it.
    /// </summary>
    /// <remarks>
    /// An inpainting model, whose U-Net has 9 channels, reads the mask and the preserved area at every evaluation. With other models the
    /// preserved area is restored in the latents after every step, with noise of their level (Lugmayr et al. 2022, "RePaint", equation 8).
    /// The preserved pixels of the result are those of the initial image, unless <see cref="Inpainting"/> says otherwise.
    /// </remarks>
    public ImageBuffer? Mask { get; init; }

    /// <summary>
    /// How the mask is read (inverted, enlarged), whether only the masked area is generated, its content before noise is added, and how it
    /// is blended into the initial image. Null, the default, for the defaults of <see cref="InpaintingOptions"/>. Refused without a mask.
    /// </summary>
    public InpaintingOptions? Inpainting { get; init; }

    /// <summary>
    /// A second pass at a larger size; <see cref="Width"/> and <see cref="Height"/> are then those of the first pass. With a
    /// <see cref="Mask"/> it repaints the same area and preserves the initial image at the larger size. Null for one pass.
    /// </summary>
    public LatentUpscaling? Upscale { get; init; }

    /// <summary>Enlarges the decoded images with an upscaling network or a filter. Null, the default, keeps the generated size.</summary>
    public ImageUpscaling? FinalUpscale { get; init; }

    /// <summary>
    /// Images that the prompt refers to, for models that edit or combine images (FLUX.2): "the person of the first image in the room of
    /// the second". The autoencoder encodes them, and the denoiser reads them at every step. At least 64 pixels in each direction, with
    /// a longer side of at most 8 times the shorter. Images of more than 1024² pixels are made smaller, and each is cut to multiples of
    /// the size of a token, as published. The generated image has the size of the first unless <see cref="Width"/> and
    /// <see cref="Height"/> are set, or there is an <see cref="InitialImage"/>. Models that edit an image by instruction (InstructPix2Pix)
    /// read exactly one of any size, resized to that of the generated image. Null, the default, for none. Refused by other models.
    /// </summary>
    public IReadOnlyList<ImageBuffer>? ReferenceImages { get; init; }

    /// <summary>
    /// Images that control the composition, such as edges or poses: one for each ControlNet of the pipeline, in their order, resized to
    /// the size of the generated image. ControlNets of the model's own folder come first, then those of
    /// <see cref="ControlNetBuilderExtensions.UseControlNet"/>. Null, the default, for a pipeline without ControlNets.
    /// </summary>
    public IReadOnlyList<ImageBuffer>? ControlImages { get; init; }

    /// <summary>
    /// How strongly and when each ControlNet of the pipeline controls this generation, in their order. Null, the default, and null
    /// properties keep the values of <see cref="ControlNetBuilderExtensions.UseControlNet"/>.
    /// </summary>
    public IReadOnlyList<ControlWeight>? ControlWeights { get; init; }

    /// <summary>
    /// Images that control the composition, one for each T2I-Adapter of the pipeline, in their order, resized to the size of the
    /// generated image; an adapter of one channel reads them in greyscale. Adapters of the model's own folder come first, then those of
    /// <see cref="T2IAdapterBuilderExtensions.UseT2IAdapter"/>. Null, the default, for a pipeline without T2I-Adapters.
    /// </summary>
    public IReadOnlyList<ImageBuffer>? AdapterImages { get; init; }

    /// <summary>
    /// How strongly and how long each T2I-Adapter of the pipeline controls this generation, in their order. Null, the default, and null
    /// properties keep the values of <see cref="T2IAdapterBuilderExtensions.UseT2IAdapter"/>.
    /// </summary>
    public IReadOnlyList<AdapterWeight>? AdapterWeights { get; init; }

    /// <summary>
    /// Images, or embeddings of images, that the generated image resembles: one prompt for each IP-Adapter of the pipeline, in the order
    /// of <see cref="IpAdapterBuilderExtensions.UseIpAdapter"/>. Null, the default, generates as without the adapters.
    /// </summary>
    public IReadOnlyList<ImagePrompt>? ImagePrompts { get; init; }

    /// <summary>
    /// How strongly, where and when each IP-Adapter of the pipeline acts, in their order. Null, the default, and null properties keep
    /// the values of <see cref="IpAdapterBuilderExtensions.UseIpAdapter"/>. Refused without <see cref="ImagePrompts"/>.
    /// </summary>
    public IReadOnlyList<IpAdapterWeight>? IpAdapterWeights { get; init; }

    /// <summary>
    /// Size values that SDXL models read in addition to the prompt; null for those of the generated image. Refused by other models.
    /// </summary>
    public SizeConditioningInput? SizeConditioningInput { get; init; }

    /// <summary>
    /// The same for the negative prompt; null for <see cref="SizeConditioningInput"/>, except for its aesthetic score.
    /// </summary>
    public SizeConditioningInput? NegativeSizeConditioningInput { get; init; }

    /// <summary>
    /// How long the generation may take from the call on, including the time in the queue: more than zero, at most 24 days. A longer one
    /// ends in a <see cref="TimeoutException"/> within one evaluation of the network. Null for the pipeline's limit.
    /// </summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>A complete request for only one of its images.</summary>
    internal GenerationRequest ForImage(int image) => VariationSeed is null
        ? this with { Seed = unchecked(Seed + (ulong)image), ImageCount = 1 }
        : this with { VariationSeed = unchecked(VariationSeed + (ulong)image), ImageCount = 1 };
}
