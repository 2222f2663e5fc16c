using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Only the decoder of <see cref="AutoencoderTiny"/>, for previews.</summary>
internal sealed class TinyDecoder : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "decoder")] private readonly TinyCoder _decoder;

    public TinyDecoder(AutoencoderTinyConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(TinyDecoder)), 0)
    {
        config.Check();
        Config = config;
        _decoder = TinyCoder.Decoder(config, layers);
        RegisterComponents();
    }

    /// <summary>The configuration. Only that of the decoder counts.</summary>
    public AutoencoderTinyConfig Config { get; }

    /// <summary>Pixels of unscaled latents.</summary>
    /// <param name="latents">[batch, latent channels, height, width].</param>
    public override Tensor forward(Tensor latents)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return AutoencoderTiny.Bounded(latents).Into(_decoder.call).Into(AutoencoderTiny.FromDecoder);
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }
}
