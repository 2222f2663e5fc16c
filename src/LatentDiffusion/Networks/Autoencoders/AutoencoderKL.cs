using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The autoencoder with KL regularisation (Rombach et al. 2022, section 3.1 and appendix G): a convolutional encoder to
/// a diagonal Gaussian over latents, and a decoder back to pixels. Parameter names are the published ones.
/// </summary>
public sealed class AutoencoderKL : nn.Module<Tensor, Tensor>
{
    internal const double NormEps = 1e-6;

    // The published bounds of the log-variance; they keep exp() finite.
    private const double MinimumLogVariance = -30, MaximumLogVariance = 20;

    [ComponentName(Name = "encoder")] private readonly AutoencoderEncoder _encoder;
    [ComponentName(Name = "decoder")] private readonly AutoencoderDecoder _decoder;
    [ComponentName(Name = "quant_conv")] private readonly Conv2d? _quantConv;
    [ComponentName(Name = "post_quant_conv")] private readonly Conv2d? _postQuantConv;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a block or activation that is not known.</exception>
    public AutoencoderKL(AutoencoderKLConfig config) : base(nameof(AutoencoderKL))
    {
        ArgumentNullException.ThrowIfNull(config);
        Check(config);
        Config = config;
        int latents = config.LatentChannels;
        _encoder = new AutoencoderEncoder(
            config.InChannels, 2 * latents, config.BlockOutChannels, config.LayersPerBlock, config.NormNumGroups, config.MidBlockAddAttention);
        _decoder = new AutoencoderDecoder(
            latents, config.OutChannels, config.BlockOutChannels, config.LayersPerBlock, config.NormNumGroups, config.MidBlockAddAttention);
        if (config.UseQuantConv) _quantConv = nn.Conv2d(2 * latents, 2 * latents, 1);
        if (config.UsePostQuantConv) _postQuantConv = nn.Conv2d(latents, latents, 1);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public AutoencoderKLConfig Config { get; }

    /// <summary>Mean and log-variance of the latents, unscaled: each [batch, latent channels, height, width].</summary>
    /// <param name="images">Pixels in [−1, 1], [batch, 3, height, width].</param>
    public (Tensor Mean, Tensor LogVariance) Encode(Tensor images)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor moments = _encoder.call(images);
        if (_quantConv is not null) moments = _quantConv.call(moments);
        Tensor[] parts = moments.chunk(2, 1);
        return scope.MoveToOuter(parts[0], parts[1].clamp(MinimumLogVariance, MaximumLogVariance));
    }

    /// <summary>Pixels of unscaled latents.</summary>
    /// <param name="latents">[batch, latent channels, height, width].</param>
    public Tensor Decode(Tensor latents)
    {
        if (_postQuantConv is null) return _decoder.call(latents);
        using Tensor hidden = _postQuantConv.call(latents);
        return _decoder.call(hidden);
    }

    /// <summary>Pixels to pixels through the mean of the latents.</summary>
    public override Tensor forward(Tensor images)
    {
        (Tensor mean, Tensor logVariance) = Encode(images);
        logVariance.Dispose();
        using (mean) return Decode(mean);
    }

    private static void Check(AutoencoderKLConfig config)
    {
        foreach (string block in config.DownBlockTypes.Where(b => b != "DownEncoderBlock2D").Concat(config.UpBlockTypes.Where(b => b != "UpDecoderBlock2D")))
            throw new NotSupportedException($"Autoencoder block '{block}' is not known; expected DownEncoderBlock2D and UpDecoderBlock2D.");
        if (config.ActFn is not ("silu" or "swish"))
            throw new NotSupportedException($"AutoencoderKL with act_fn '{config.ActFn}' is not known; expected 'silu'.");
        if (config.DownBlockTypes.Length != config.BlockOutChannels.Length || config.UpBlockTypes.Length != config.BlockOutChannels.Length)
            throw new ArgumentException($"block_out_channels lists {config.BlockOutChannels.Length} resolutions, down_block_types {config.DownBlockTypes.Length} and up_block_types {config.UpBlockTypes.Length}; they must agree.");
    }
}
