using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Everything that one evaluation of a denoiser reads. Decorators change it with <c>input with { … }</c>. What a denoiser reads
/// beyond latents, timesteps and text is declared in its <see cref="DenoiserDescription"/>; the tensors stay the caller's.
/// </summary>
public sealed record DenoiserInput
{
    /// <summary>
    /// Noisy latents as the scheduler scaled them, [batch, channels, height, width]. Transformers cut them into tokens
    /// themselves (<see cref="DenoiserDescription.PatchSize"/>): positions follow from height and width.
    /// </summary>
    public required Tensor Latents { get; init; }

    /// <summary>The timestep of each sample, or one for the whole batch; for flows σ times the number of training timesteps.</summary>
    public required IReadOnlyList<double> Timesteps { get; init; }

    /// <summary>Conditioning of the prompts, with the batch size of the latents.</summary>
    public required Conditioning Conditioning { get; init; }

    /// <summary>
    /// The guidance scale of each sample, or one for the whole batch, for models that learned guidance
    /// (<see cref="DenoiserDescription.ReadsGuidanceScale"/>). Null, the default, for the model's own default.
    /// </summary>
    public IReadOnlyList<double>? GuidanceScales { get; init; }

    /// <summary>
    /// Additional channels of a model's input, such as the mask and the masked image's latents of inpainting models,
    /// [batch, <see cref="DenoiserDescription.ConcatenatedChannels"/>, height, width]. Null, the default, for none.
    /// </summary>
    public Tensor? ConcatenatedLatents { get; init; }

    /// <summary>
    /// Residuals of ControlNets, one tensor for each entry of <see cref="DenoiserDescription.ControlResidualChannels"/>
    /// and in that order. Null, the default, for none.
    /// </summary>
    public IReadOnlyList<Tensor>? ControlResiduals { get; init; }

    /// <summary>
    /// Feature maps of T2I-Adapters, one tensor for each of the first entries of
    /// <see cref="DenoiserDescription.AdapterResidualShapes"/> and in that order, with the batch size of the latents. Null, the default,
    /// for none.
    /// </summary>
    public IReadOnlyList<Tensor>? AdapterResiduals { get; init; }

    /// <summary>
    /// Changes to attention in some layers (<see cref="DenoiserDescription.AttentionLayers"/>,
    /// <see cref="DenoiserDescription.CrossAttentionLayers"/>). Null, the default, for none.
    /// </summary>
    public AttentionEdits? AttentionEdits { get; init; }

    /// <summary>
    /// Layers that are not evaluated, so that their input is their output: paths from <see cref="DenoiserDescription.SkippableLayers"/>.
    /// Default none.
    /// </summary>
    public IReadOnlyList<string> SkippedLayers { get; init; } = [];

    /// <summary>
    /// Latents of the images that an editing model refers to, each [batch, channels, height, width] of any size
    /// (<see cref="DenoiserDescription.ReadsReferenceLatents"/>). Null, the default, for none.
    /// </summary>
    public IReadOnlyList<Tensor>? ReferenceLatents { get; init; }

    /// <summary>
    /// Fraction of the steps of a generation's pass that lie behind it, in [0, 1): 0 in the first step. Null, the default, outside of a
    /// generation.
    /// </summary>
    public double? Progress { get; init; }

    /// <summary>Checked before each evaluation of a network. Default none.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>The timestep that all samples have.</summary>
    /// <exception cref="InvalidOperationException">They have different ones.</exception>
    public double Timestep => Timesteps.All(t => t == Timesteps[0])
        ? Timesteps[0]
        : throw new InvalidOperationException($"The samples have the timesteps {string.Join(", ", Timesteps)}; expected one timestep.");

    /// <summary>
    /// The same samples with several conditionings as one batch, for guidance: with a conditioning of k times as many prompts,
    /// everything else is repeated k times. New tensors belong to the caller's dispose scope.
    /// </summary>
    /// <param name="conditioning">Conditioning of a multiple of the batch, such as <see cref="Conditioning.Concat"/> returns.</param>
    /// <exception cref="ArgumentException">Its batch size is not a multiple of the latents'.</exception>
    public DenoiserInput RepeatFor(Conditioning conditioning)
    {
        ArgumentNullException.ThrowIfNull(conditioning);
        long batch = Latents.shape[0], prompts = conditioning.BatchSize;
        if (prompts == 0 || prompts % batch != 0)
        {
            throw new ArgumentException(
                $"The conditioning has {prompts} prompts; expected a multiple of the {batch} latents.", nameof(conditioning));
        }

        int times = (int)(prompts / batch);
        return this with
        {
            Latents = Repeated(Latents), Timesteps = RepeatedEach(Timesteps), Conditioning = conditioning,
            GuidanceScales = GuidanceScales is null ? null : RepeatedEach(GuidanceScales),
            ConcatenatedLatents = ConcatenatedLatents is null ? null : Repeated(ConcatenatedLatents),
            ControlResiduals = ControlResiduals is null ? null : [.. ControlResiduals.Select(Repeated)],
            AdapterResiduals = AdapterResiduals is null ? null : [.. AdapterResiduals.Select(Repeated)],
            AttentionEdits = AttentionEdits?.Map(Repeated),
            ReferenceLatents = ReferenceLatents is null ? null : [.. ReferenceLatents.Select(Repeated)],
        };

        Tensor Repeated(Tensor one) => cat([.. Enumerable.Repeat(one, times)]);

        IReadOnlyList<double> RepeatedEach(IReadOnlyList<double> values) =>
            values.Count == 1 ? values : [.. Enumerable.Repeat(values, times).SelectMany(v => v)];
    }
}
