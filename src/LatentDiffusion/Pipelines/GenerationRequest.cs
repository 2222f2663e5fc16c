namespace LatentDiffusion;

/// <summary>What to generate. Whatever is null is the pipeline's choice.</summary>
public sealed record GenerationRequest
{
    /// <summary>What the picture shows. At most as long as the pipeline's options say, 20,000 characters by default.</summary>
    public required string Prompt { get; init; }

    /// <summary>
    /// What it does not show; guidance leads away from it. Default empty, which is <see cref="ITextEncoder.EncodeUnconditional"/>:
    /// zeros for SDXL's base models, and for them a single space is the empty prompt encoded.
    /// </summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>
    /// Conditioning to take in place of the encoded <see cref="Prompt"/>, published name <c>prompt_embeds</c>: of one prompt,
    /// shaped as the pipeline's text encoder gives it (<see cref="DiffusionPipeline.Encode(IReadOnlyList{string}, CancellationToken)"/>). It stays the caller's; its tensors must not change meanwhile.
    /// </summary>
    public Conditioning? PromptEmbeds { get; init; }

    /// <summary>Conditioning to take in place of the encoded <see cref="NegativePrompt"/>, published name <c>negative_prompt_embeds</c>: of the same shape.</summary>
    public Conditioning? NegativePromptEmbeds { get; init; }

    /// <summary>The first picture's seed; each further one has the next number. Null draws one, which the result tells.</summary>
    public ulong? Seed { get; init; }

    /// <summary>
    /// Another seed, to vary the picture of <see cref="Seed"/> or to go from one to the other: all noise is taken between
    /// that of the two. Further pictures then have the next number here, and <see cref="Seed"/> itself. Null for none.
    /// </summary>
    public ulong? VariationSeed { get; init; }

    /// <summary>
    /// How far towards <see cref="VariationSeed"/>: 0 gives the picture of <see cref="Seed"/> and 1 that of the other.
    /// Null for 0.2. None without a variation seed.
    /// </summary>
    public double? VariationStrength { get; init; }

    /// <summary>Number of pictures, 1 to 1024. Default 1.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Sampling steps, 1 to 1000. Null for the length of <see cref="Timesteps"/> or <see cref="Sigmas"/>, or the pipeline's.</summary>
    public int? Steps { get; init; }

    /// <summary>Guidance scale, at least 0; 1 is no guidance.</summary>
    public double? GuidanceScale { get; init; }

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
    /// Stochasticity of the sampler, 0 to 1: DDIM's η and TCD's γ (<see cref="SamplingOptions.Eta"/>). Null for the pipeline's, or
    /// else the sampler's own. Refused by other schedulers.
    /// </summary>
    public double? Eta { get; init; }

    /// <summary>
    /// Noise that is added back at each step (<see cref="SamplingOptions.Churn"/>). Null for the pipeline's, or else none. Refused
    /// by schedulers that cannot.
    /// </summary>
    public ChurnOptions? Churn { get; init; }

    /// <summary>
    /// The shift of a scheduler with dynamic shifting (FLUX), -10 to 10: see <see cref="SamplingOptions.Mu"/>. Null computes it
    /// from the image size. Refused by other schedulers.
    /// </summary>
    public double? Mu { get; init; }

    /// <summary>Width in pixels, a multiple of the autoencoder's downsampling factor. Null for that of <see cref="InitialImage"/>, or else the model's.</summary>
    public int? Width { get; init; }

    /// <summary>Height in pixels, a multiple of the autoencoder's downsampling factor. Null for that of <see cref="InitialImage"/>, or else the model's.</summary>
    public int? Height { get; init; }

    /// <summary>
    /// A picture to start from: noise is added to it, as much as <see cref="Strength"/> says, and taken away again towards
    /// the prompt (Meng et al. 2022, "SDEdit"). The generated picture has its size unless <see cref="Width"/> and
    /// <see cref="Height"/> say another, to which it is then resized. Null starts from noise alone.
    /// </summary>
    public ImageBuffer? InitialImage { get; init; }

    /// <summary>
    /// How much of <see cref="InitialImage"/> is made anew: of so many steps that share, more than 0 and at most 1, is taken.
    /// Null for 0.8. At 1 with a <see cref="Mask"/>, what is repainted starts from noise alone. None without a picture.
    /// </summary>
    public double? Strength { get; init; }

    /// <summary>
    /// What of <see cref="InitialImage"/> is repainted: white; what is black stays. Grey is taken for the nearer of the two,
    /// so that the mask is all or nothing. As large as the picture. Null repaints all of it.
    /// </summary>
    /// <remarks>
    /// A model for inpainting, whose U-Net has 9 channels, sees the mask and what stays at every evaluation. With any other
    /// what stays is put back into the latents, noised to their level, after every step (Lugmayr et al. 2022, "RePaint",
    /// equation 8). What stays passes through the autoencoder, which does not keep it to the last bit.
    /// </remarks>
    public ImageBuffer? Mask { get; init; }

    /// <summary>
    /// A second pass at a larger size, for which <see cref="Width"/> and <see cref="Height"/> are the first one's. With a
    /// <see cref="Mask"/> it repaints the same area, and what stays is the picture at the larger size. Null for one pass.
    /// </summary>
    public LatentUpscaling? Upscale { get; init; }

    /// <summary>
    /// Pictures that control where things are, such as edges or poses: one for each ControlNet of the pipeline, in their
    /// order, resized to the generated picture's size. First are those of the model's own folder, then those of
    /// <see cref="ControlNetBuilderExtensions.UseControlNet"/>. Null, the default, where the pipeline has none.
    /// </summary>
    public IReadOnlyList<ImageBuffer>? ControlImages { get; init; }

    /// <summary>
    /// How strongly and when each ControlNet of the pipeline controls this generation, in their order. Null, the default, and
    /// what is null within, for what <see cref="ControlNetBuilderExtensions.UseControlNet"/> said.
    /// </summary>
    public IReadOnlyList<ControlWeight>? ControlWeights { get; init; }

    /// <summary>What a model that asks for it (SDXL) is told of the picture's size; null for the size it has. Other models refuse it.</summary>
    public SizeConditioningInput? SizeConditioningInput { get; init; }

    /// <summary>The same for what guidance leads away from; null for <see cref="SizeConditioningInput"/>, but for its aesthetic score.</summary>
    public SizeConditioningInput? NegativeSizeConditioningInput { get; init; }

    /// <summary>
    /// How long it may take from the call on, waiting for a place included: more than zero, at most 24 days. Over it a
    /// <see cref="TimeoutException"/> comes within one evaluation of the network. Null is the pipeline's choice.
    /// </summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>A complete request for one of its pictures alone.</summary>
    internal GenerationRequest ForImage(int image) => VariationSeed is null
        ? this with { Seed = unchecked(Seed + (ulong)image), Count = 1 }
        : this with { VariationSeed = unchecked(VariationSeed + (ulong)image), Count = 1 };
}
