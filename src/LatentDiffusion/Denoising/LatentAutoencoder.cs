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
    private readonly ISplitNetwork _network;
    private readonly Func<Tensor, (Tensor Mean, Tensor? LogVariance)> _encode;
    private readonly Func<Tensor, Tensor> _decode;
    private readonly ChannelScaling _scaling;
    private readonly ScalarType _type;
    private readonly long _floatsPerPixel;

    /// <summary>The autoencoder of Stable Diffusion, whose latents are a Gaussian.</summary>
    /// <param name="network">The network.</param>
    /// <exception cref="ArgumentException">Its configuration has statistics of the latents that do not fit their channels.</exception>
    public LatentAutoencoder(AutoencoderKL network) : this(network, network?.Config!)
    {
    }

    private LatentAutoencoder(AutoencoderKL network, AutoencoderKLConfig config)
        : this(network, images => network.Encode(images), z => network.Decode(z))
    {
        Config = config;
        LatentChannels = config.LatentChannels;
        DownsamplingFactor = Halvings(config.BlockOutChannels.Length);
        _scaling = new ChannelScaling(config.ScalingFactor, config.ShiftFactor ?? 0, config.LatentsMean, config.LatentsStd, LatentChannels);
        _floatsPerPixel = OfLastBlock(config.BlockOutChannels);
    }

    /// <summary>A tiny autoencoder, whose latents are a point.</summary>
    /// <param name="network">The network.</param>
    /// <exception cref="NotSupportedException">Its decoder enlarges by another factor than its encoder shrinks by.</exception>
    public LatentAutoencoder(AutoencoderTiny network) : this(network, images => (network.Encode(images), null), z => network.Decode(z))
    {
        AutoencoderTinyConfig config = network.Config;
        LatentChannels = config.LatentChannels;
        DownsamplingFactor = Halvings(config.NumEncoderBlocks.Length);
        double enlarged = Math.Pow(config.UpsamplingScalingFactor, config.NumDecoderBlocks.Length - 1);
        if (enlarged != DownsamplingFactor)
            throw new NotSupportedException(
                $"The tiny autoencoder shrinks by {DownsamplingFactor} and enlarges by {enlarged}; both must be the same.");
        _scaling = new ChannelScaling(config.ScalingFactor, config.ShiftFactor ?? 0);
        // Input, output and three maps between them.
        _floatsPerPixel = 5 * config.DecoderBlockOutChannels[^1];
    }

    /// <summary>An autoencoder with a codebook: latents are those before it, and are replaced by its vectors in decoding.</summary>
    /// <param name="network">The network.</param>
    /// <exception cref="NotSupportedException">It is one whose denoiser gives indices of the codebook
    /// (<c>lookup_from_codebook</c>).</exception>
    public LatentAutoencoder(VQModel network) : this(network, images => (network.Encode(images), null), z => network.Decode(z))
    {
        VQConfig config = network.Config;
        if (config.LookupFromCodebook)
            throw new NotSupportedException(
                "The autoencoder is for denoisers that give indices of its codebook (lookup_from_codebook), "
                    + "which has no latents to denoise.");
        LatentChannels = config.VqEmbedDim ?? config.LatentChannels;
        DownsamplingFactor = Halvings(config.BlockOutChannels.Length);
        _scaling = new ChannelScaling(config.ScalingFactor);
        _floatsPerPixel = OfLastBlock(config.BlockOutChannels);
    }

    private LatentAutoencoder(nn.Module network, Func<Tensor, (Tensor, Tensor?)> encode, Func<Tensor, Tensor> decode)
    {
        ArgumentNullException.ThrowIfNull(network);
        (_module, _network, _encode, _decode) = (network, (ISplitNetwork)network, encode, decode);
        _type = NetworkUse.TypeOf(network);
        _scaling = new ChannelScaling(1);
    }

    /// <inheritdoc />
    public int LatentChannels { get; }

    /// <inheritdoc />
    public string ContentKey => ContentKeys.Of(_module, _module switch
    {
        AutoencoderKL => Config!,
        AutoencoderTiny tiny => tiny.Config,
        _ => ((VQModel)_module).Config,
    });

    /// <summary>Configuration of the autoencoder of Stable Diffusion; null for other kinds.</summary>
    internal AutoencoderKLConfig? Config { get; }

    /// <inheritdoc />
    public int DownsamplingFactor { get; }

    /// <inheritdoc />
    public int? SampleSize => _network.SampleSize;

    /// <inheritdoc />
    /// <remarks>Null for a tiny autoencoder and one with a codebook.</remarks>
    public double? ScalingFactor => Config?.ScalingFactor;

    /// <inheritdoc />
    public double? LatentScaleBits => _scaling.MeanBits;

    /// <inheritdoc />
    /// <remarks>For the autoencoders of Stable Diffusion 1.x, 2.x and XL.</remarks>
    public ILatentPreview? Preview => Config is null ? null : LinearPreview.Published(Config);

    /// <summary>Wraps a network of any of these kinds, for example one that <see cref="DiffusersFolder.ReadAutoencoder"/> read.</summary>
    /// <param name="network">An <see cref="AutoencoderKL"/>, <see cref="AutoencoderTiny"/> or <see cref="VQModel"/>.</param>
    /// <exception cref="NotSupportedException">It is another network, or one whose configuration rules it out.</exception>
    public static LatentAutoencoder Of(nn.Module<Tensor, Tensor> network) => network switch
    {
        AutoencoderKL kl => new LatentAutoencoder(kl),
        AutoencoderTiny tiny => new LatentAutoencoder(tiny),
        VQModel codebook => new LatentAutoencoder(codebook),
        _ => throw new NotSupportedException($"A {network?.GetType().Name ?? "null"} is not a supported autoencoder."),
    };

    /// <summary>Opens one published on its own, for example a tiny one to take the place of a model's.</summary>
    /// <param name="folder">A folder with its <c>config.json</c> and weights, or a single file: see
    /// <see cref="DiffusersFolder.ReadAutoencoder"/>.</param>
    /// <param name="device">Where the network runs; null for CUDA where there is one, else the CPU.</param>
    /// <param name="precision">Type of its weights, in which it computes; null for float32 on the CPU and the file's own elsewhere.</param>
    /// <param name="scalingFactor">
    /// Scale of the latents of an <see cref="AutoencoderKL"/>; null for its configuration's. A file of XL's autoencoder that
    /// does not say what it is of needs 0.13025 here.
    /// </param>
    /// <exception cref="ArgumentException">A scale is given for an autoencoder of another kind, or is not above 0.</exception>
    /// <inheritdoc cref="DiffusersFolder.ReadNetwork{T}(string, CheckpointOptions?)" path="/exception"/>
    public static LatentAutoencoder Open(string folder, Device? device = null, ScalarType? precision = null, double? scalingFactor = null)
    {
        if (scalingFactor is { } scale && !(scale > 0 && double.IsFinite(scale)))
            throw new ArgumentOutOfRangeException(nameof(scalingFactor), scale, "A scale is a number above 0.");
        nn.Module<Tensor, Tensor> network = DiffusersFolder.ReadAutoencoder(folder, LoadOptionsResolver.Of(device, precision));
        try
        {
            WidenWhereHalfOverflows(network);
            if (scalingFactor is null) return Of(network);
            return network is AutoencoderKL kl ? new LatentAutoencoder(kl, kl.Config with { ScalingFactor = scalingFactor.Value })
                : throw new ArgumentException($"A {network.GetType().Name} has its own scale.", nameof(scalingFactor));
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
        return Distribution(_encode(images.to(_type)), images.dtype);
    }

    /// <inheritdoc />
    public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(latents);
        cancellationToken.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        using NetworkUse weights = NetworkUse.ToEvaluate(_module);
        using DisposeScope scope = NewDisposeScope();
        return _decode(_scaling.Undo(latents).to(_type)).to(latents.dtype).MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    /// <remarks>
    /// The part at the size of the latents, with its attention, is computed for the whole image, and tiles are normalised by the
    /// image's statistics. Null for options without statistics (<see cref="TilingOptions.StatisticsPasses"/> is 0).
    /// </remarks>
    public IAutoencoder? WithTiling(TilingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.StatisticsPasses == 0 ? null : new TiledAutoencoder(this, options, partsOfWhole: this);
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
        if (network is AutoencoderKL { Config.ForceUpcast: true }
                or AutoencoderTiny { Config.ForceUpcast: true }
                or VQModel { Config.ForceUpcast: true }
            && network.parameters().First().dtype == ScalarType.Float16) network.to(ScalarType.Float32);
    }

    /// <summary>What the network gives for images, scaled, outside of the current dispose scope.</summary>
    private LatentDistribution Distribution((Tensor Mean, Tensor? LogVariance) z, ScalarType type)
    {
        Tensor? deviation = z.LogVariance is null ? null : z.LogVariance.Multiply(0.5).exp_();
        return new LatentDistribution(
            _scaling.Apply_(z.Mean.to(type)).MoveToOuterDisposeScope(),
            deviation is null ? null : _scaling.ApplyToDeviation_(deviation.to(type)).MoveToOuterDisposeScope());
    }

    /// <inheritdoc />
    /// <remarks>The decoder's, whose last block begins with the channels of the one before, at the size of the image.</remarks>
    public long WorkingBytes(long batch, long pixels) => batch * pixels * _floatsPerPixel * NetworkUse.SizeOf(_type);

    private static long OfLastBlock(IReadOnlyList<int> channels) => 2L * channels[Math.Min(1, channels.Count - 1)] + channels[0];

    private static int Halvings(int stages) => 1 << (stages - 1);
}
