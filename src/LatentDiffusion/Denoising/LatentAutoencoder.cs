using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// An autoencoder's network with its scaling and shift, as the denoiser sees it. Computes in its network's precision,
/// and gives its results in that of what it is given.
/// </summary>
public sealed partial class LatentAutoencoder : IAutoencoder, IDisposable
{
    private readonly nn.Module _module;
    private readonly IAutoencoderNetwork _network;
    private readonly AutoencoderDescription _description;
    private readonly LatentLayout _latents;
    private readonly ScalarType _type;

    /// <summary>The autoencoder of Stable Diffusion, whose latents are a Gaussian.</summary>
    /// <param name="network">The network.</param>
    /// <exception cref="ArgumentException">Its configuration has statistics of the latents that do not fit their channels.</exception>
    public LatentAutoencoder(AutoencoderKL network) : this(network, network, scalingFactor: null)
    {
    }

    /// <summary>A tiny autoencoder, whose latents are a point.</summary>
    /// <param name="network">The network.</param>
    /// <exception cref="NotSupportedException">Its decoder enlarges by another factor than its encoder shrinks by.</exception>
    public LatentAutoencoder(AutoencoderTiny network) : this(network, network, scalingFactor: null)
    {
    }

    /// <summary>A tiny autoencoder for a denoiser whose latents are patches of the network's.</summary>
    /// <param name="network">The network.</param>
    /// <param name="patchSize">
    /// Height and width in the network's latents of the patch that is one of the denoiser's, 1 to 16: 2 for TAEF2, whose latents FLUX.2
    /// denoises in patches.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The size is out of its range.</exception>
    /// <exception cref="NotSupportedException">Its decoder enlarges by another factor than its encoder shrinks by.</exception>
    public LatentAutoencoder(AutoencoderTiny network, int patchSize)
        : this(network, network, scalingFactor: null, CheckedPatch(patchSize))
    {
    }

    /// <summary>An autoencoder with a codebook: latents are those before it, and are replaced by its vectors in decoding.</summary>
    /// <param name="network">The network.</param>
    /// <exception cref="NotSupportedException">It is one whose denoiser gives indices of the codebook
    /// (<c>lookup_from_codebook</c>).</exception>
    public LatentAutoencoder(VQModel network) : this(network, network, scalingFactor: null)
    {
    }

    /// <summary>The autoencoder of FLUX.2: a latent is a patch of the network's latents, normalised by its statistics.</summary>
    /// <param name="network">The network.</param>
    public LatentAutoencoder(AutoencoderKLFlux2 network) : this(network, network, scalingFactor: null)
    {
    }

    /// <summary>The autoencoder with a decoder that also reads the preserved part of an inpainted image.</summary>
    /// <param name="network">The network.</param>
    public LatentAutoencoder(AsymmetricAutoencoderKL network) : this(network, network, scalingFactor: null)
    {
    }

    /// <summary>The autoencoder whose decoder samples the image.</summary>
    /// <param name="network">The network.</param>
    public LatentAutoencoder(ConsistencyDecoderVAE network) : this(network, network, scalingFactor: null)
    {
    }

    private LatentAutoencoder(nn.Module network, IAutoencoderNetwork same, double? scalingFactor, int patchSize = 1)
    {
        ArgumentNullException.ThrowIfNull(network);
        (_module, _network, _type, _description) = (network, same, NetworkUse.TypeOf(network), same.Describe(scalingFactor));
        _latents = patchSize == 1 ? _description.Latents : _description.Latents with { PatchSize = patchSize };
    }

    /// <inheritdoc />
    public int LatentChannels => _latents.Channels;

    /// <inheritdoc />
    public string ContentKey => ContentKeys.ForNetwork(_module, _description.Config);

    /// <summary>The network's configuration, with the scale of its latents.</summary>
    internal NetworkConfig Config => _description.Config;

    /// <summary>Shift and scale of the latents; null where each channel has its own.</summary>
    internal LatentScaling? PlainScaling =>
        _latents.Scaling.IsByChannel ? null : new LatentScaling(_latents.Scaling.Shift, _latents.Scaling.Scale);

    /// <inheritdoc />
    public int DownsamplingFactor => _latents.DownsamplingFactor;

    /// <inheritdoc />
    public int? SampleSize => _description.SampleSize;

    /// <inheritdoc />
    /// <remarks>Null for a tiny autoencoder, one with a codebook, and that of FLUX.2.</remarks>
    public double? ScalingFactor => _description.ScalingFactor;

    /// <inheritdoc />
    public double? LatentScaleBits => _latents.Scaling.MeanBits;

    /// <inheritdoc />
    /// <remarks>For the autoencoders of Stable Diffusion 1.x, 2.x, XL and 3, and of FLUX.1.</remarks>
    public ILatentPreview? Preview => _description.Preview;

    /// <summary>Wraps a network of any of these kinds, for example one that <see cref="DiffusersFolder.ReadAutoencoder"/> read.</summary>
    /// <param name="network">
    /// An <see cref="AutoencoderKL"/>, <see cref="AsymmetricAutoencoderKL"/>, <see cref="ConsistencyDecoderVAE"/>,
    /// <see cref="AutoencoderKLFlux2"/>, <see cref="AutoencoderTiny"/> or <see cref="VQModel"/>.
    /// </param>
    /// <exception cref="NotSupportedException">It is another network, or one whose configuration rules it out.</exception>
    public static LatentAutoencoder Create(nn.Module<Tensor, Tensor> network) => Create(network, scalingFactor: null);

    /// <summary>Opens one published on its own, for example a tiny one to take the place of a model's.</summary>
    /// <param name="folder">A folder with its <c>config.json</c> and weights, or a single file: see
    /// <see cref="DiffusersFolder.ReadAutoencoder"/>.</param>
    /// <param name="device">Where the network runs; null for CUDA if available, otherwise the CPU.</param>
    /// <param name="precision">Type of its weights, in which it computes; null for float32 on the CPU and the file's own elsewhere.</param>
    /// <param name="scalingFactor">
    /// Scale of the latents of an <see cref="AutoencoderKL"/> or <see cref="AsymmetricAutoencoderKL"/>; null for its configuration's.
    /// A file of XL's autoencoder that does not say what it is of needs 0.13025 here.
    /// </param>
    /// <exception cref="ArgumentException">A scale is given for an autoencoder of another kind, or is not above 0.</exception>
    /// <inheritdoc cref="DiffusersFolder.ReadNetwork{T}(string, CheckpointOptions?)" path="/exception"/>
    public static LatentAutoencoder Open(string folder, Device? device = null, ScalarType? precision = null, double? scalingFactor = null)
    {
        if (scalingFactor is { } scale && !(scale > 0 && double.IsFinite(scale)))
            throw new ArgumentOutOfRangeException(nameof(scalingFactor), scale, "A scale is a number above 0.");
        nn.Module<Tensor, Tensor> network = DiffusersFolder.ReadAutoencoder(folder, LoadOptionsResolver.Resolve(device, precision));
        try
        {
            WidenWhereHalfOverflows(network);
            return Create(network, scalingFactor);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        cancellationToken.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        using NetworkUse weights = NetworkUse.ToEvaluate(_module);
        using DisposeScope scope = NewDisposeScope();
        return Distribution(_network.Encode(images.to(_type)), images.dtype);
    }

    /// <inheritdoc />
    public bool ReadsMaskedImage => _network.ReadsMaskedImage;

    /// <inheritdoc />
    public bool DrawsNoise => _network.DrawsNoise;

    /// <inheritdoc />
    public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) =>
        Decode(latents, DecodingContext.None, cancellationToken);

    /// <inheritdoc />
    public Tensor Decode(Tensor latents, DecodingContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(latents);
        ArgumentNullException.ThrowIfNull(context);
        cancellationToken.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        using NetworkUse weights = NetworkUse.ToEvaluate(_module);
        using DisposeScope scope = NewDisposeScope();
        Tensor pixels = _network.Decode(_latents.ToNetwork(latents).to(_type), context, cancellationToken);
        return pixels.to(latents.dtype).MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    /// <remarks>
    /// The part at the size of the latents, with its attention, is computed for the whole image, and tiles are normalised by the
    /// image's statistics. Null for options without statistics (<see cref="TilingOptions.StatisticsPasses"/> is 0), and for a decoder
    /// that samples the image: its tiles are separate images with the noise of the whole.
    /// </remarks>
    public IAutoencoder? WithTiling(TilingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.StatisticsPasses == 0 || !_network.DecodesInParts ? null : new TiledAutoencoder(this, options, partsOfWhole: this);
    }

    /// <inheritdoc />
    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(_module, device);
        return true;
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => _module.Dispose();

    /// <summary>Takes a network in half precision to single where its configuration says that half precision overflows in it.</summary>
    internal static void WidenWhereHalfOverflows(nn.Module<Tensor, Tensor> network)
    {
        if (network is IAutoencoderNetwork { OverflowsInHalf: true } && network.parameters().First().dtype == ScalarType.Float16)
            network.to(ScalarType.Float32);
    }

    /// <summary>The network's latents of images, scaled, outside of the current dispose scope.</summary>
    private LatentDistribution Distribution((Tensor Mean, Tensor? LogVariance) z, ScalarType type)
    {
        Tensor? deviation = z.LogVariance is null ? null : z.LogVariance.Multiply(0.5).exp_();
        return new LatentDistribution(
            _latents.FromNetwork(z.Mean.to(type)).MoveToOuterDisposeScope(),
            deviation is null ? null : _latents.DeviationFromNetwork(deviation.to(type)).MoveToOuterDisposeScope());
    }

    /// <inheritdoc />
    /// <remarks>The decoder's, whose last block begins with the channels of the one before, at the size of the image.</remarks>
    public long WorkingBytes(long batch, long pixels) => batch * pixels * _description.ValuesPerPixel * NetworkUse.SizeOf(_type);

    private static int CheckedPatch(int size) => size is >= 1 and <= 16
        ? size
        : throw new ArgumentOutOfRangeException("patchSize", size, "A patch has 1 to 16 latents in each direction.");

    /// <inheritdoc cref="Create(nn.Module{Tensor, Tensor})"/>
    internal static LatentAutoencoder Create(nn.Module<Tensor, Tensor> network, double? scalingFactor) =>
        network is IAutoencoderNetwork same
        ? new LatentAutoencoder(network, same, scalingFactor)
        : throw new NotSupportedException($"A {network?.GetType().Name ?? "null"} is not a supported autoencoder.");
}
