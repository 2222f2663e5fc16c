using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A U-Net as a denoiser. Computes in its network's precision, and gives its prediction in that of the latents.</summary>
/// <param name="network">The network.</param>
/// <param name="requiresAestheticsScore">Of a network that is told of the picture's size, whether the aesthetic score is told in place of the target size (the refiner of SDXL).</param>
public sealed class UNetDenoiser(UNet2DConditionModel network, bool requiresAestheticsScore = false)
    : ICachingDenoiser, IPerturbableDenoiser, IGuidanceScaleDenoiser, ITextReadingDenoiser, IDisposable
{
    private readonly ScalarType _type = NetworkUse.TypeOf(network);

    internal UNet2DConditionConfig Config => network.Config;

    internal ScalarType Type => _type;

    internal Device Device => NetworkUse.DeviceOf(network);

    /// <inheritdoc />
    public int InChannels => network.Config.InChannels;

    /// <inheritdoc />
    public SizeConditioning SizeConditioning { get; } = network.Config.AdditionEmbedType != "text_time" ? SizeConditioning.None
        : requiresAestheticsScore ? SizeConditioning.AestheticScore : SizeConditioning.TargetSize;

    int ITextReadingDenoiser.TextWidth => network.Config.EncoderHidDim ?? network.Config.CrossAttentionDim[0];

    // Beside the pooled text, the network's input has features of each number about the size.
    int? ITextReadingDenoiser.PooledWidth => SizeConditioning switch
    {
        SizeConditioning.TargetSize => network.Config.ProjectionClassEmbeddingsInputDim - 6 * network.Config.AdditionTimeEmbedDim,
        SizeConditioning.AestheticScore => network.Config.ProjectionClassEmbeddingsInputDim - 5 * network.Config.AdditionTimeEmbedDim,
        _ => null,
    };

    /// <inheritdoc />
    /// <remarks>The skip connections of all resolutions, and what the largest transformer block holds at once.</remarks>
    public long WorkingBytes(long batch, long latentPixels)
    {
        // Its input, that normalised, and the feed-forward: eight times as wide, split, gated and multiplied.
        const int MapsOfTransformer = 18;
        // Each resolution has a quarter of the pixels of the one before.
        double[] maps = [.. Config.BlockOutChannels.Select((channels, level) => channels / Math.Pow(4, level))];
        double skips = maps.Select((map, level) => (Config.LayersPerBlock[level] + 1) * map).Sum();
        return (long)(batch * latentPixels * (skips + MapsOfTransformer * maps.Max()) * NetworkUse.SizeOf(_type));
    }

    /// <inheritdoc />
    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) => Predict(latents, timestep, conditioning, attention: null);

    /// <inheritdoc />
    public IDenoiserRun Start(CancellationToken cancellationToken = default) => new UNetRun(this, cancellationToken);

    /// <inheritdoc />
    public IDenoiser Perturb(IReadOnlyList<string> layers) => new PerturbedUNet(this, new AttentionState(Texts: null, SelfAttention(layers)));

    /// <inheritdoc />
    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(network, device);
        return true;
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => network.Dispose();

    Tensor IGuidanceScaleDenoiser.Predict(Tensor latents, double timestep, Conditioning conditioning, double guidanceScale) =>
        Predict(latents, timestep, conditioning, attention: null, guidanceScale);

    /// <summary>
    /// Evaluates the network once, with what belongs to a run. The guidance scale is told to networks that learned guidance
    /// (<see cref="UNet2DConditionConfig.TimeCondProjDim"/>); others do not look at it.
    /// </summary>
    internal Tensor Predict(
        Tensor latents, double timestep, Conditioning conditioning, AttentionState? attention, double guidanceScale = 1, ControlSchedule? control = null,
        CachedFeatures? deep = null)
    {
        ArgumentNullException.ThrowIfNull(latents);
        ArgumentNullException.ThrowIfNull(conditioning);
        attention?.Stop.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        var input = new UNetInput(latents.to(_type), tensor([(float)timestep], device: latents.device), conditioning.HiddenStates.to(_type))
        {
            Mask = conditioning.Mask,
            TextEmbeds = conditioning.Pooled?.to(_type),
            TimeIds = conditioning.Size,
            TimestepCondition = network.Config.TimeCondProjDim is { } width
                ? EmbeddedGuidance.Embed(guidanceScale, width).to(_type, latents.device).expand(latents.shape[0], width)
                : null,
            Attention = attention,
            Deep = deep,
        };
        Tensor prediction = network.call(control is null ? input : control.Control(input));
        return prediction.to(latents.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>The transformer blocks at or below the paths.</summary>
    internal IReadOnlySet<BasicTransformerBlock> SelfAttention(IReadOnlyList<string> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        return SelfAttentionLayers.Find(network, layers);
    }
}
