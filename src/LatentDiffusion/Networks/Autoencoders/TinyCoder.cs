using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The encoder or the decoder of <see cref="AutoencoderTiny"/>, whose layers stand in a row under <c>layers</c>.</summary>
internal sealed class TinyCoder : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "layers")] private readonly IndexedLayers _layers = new();

    // Where the size becomes that of the latents, or ceases to be.
    private int _split;

    private TinyCoder() : base(NativeModule.Create(nameof(TinyCoder)), 0)
    {
    }

    /// <summary>Stages of blocks, each but the first after a convolution that halves the size, and a last convolution.</summary>
    public static TinyCoder Encoder(AutoencoderTinyConfig config, LayerFactory factory)
    {
        var half = new TinyCoder();
        int last = config.NumEncoderBlocks.Length - 1;
        for (int stage = 0; stage <= last; stage++)
        {
            int channels = config.EncoderBlockOutChannels[stage];
            half._layers.Add(stage == 0
                ? factory.Conv2d(config.InChannels, channels, 3, padding: 1)
                : factory.Conv2d(channels, channels, 3, stride: 2, padding: 1, bias: false));
            half._split = half._layers.Count;
            half.AddBlocks(config, factory, channels, config.NumEncoderBlocks[stage], pool: config.UseMidblockGn && stage == last);
        }

        half._layers.Add(factory.Conv2d(config.EncoderBlockOutChannels[last], config.LatentChannels, 3, padding: 1));
        half.RegisterComponents();
        return half;
    }

    /// <summary>A first convolution, and stages of blocks, each but the last followed by enlarging and a convolution.</summary>
    public static TinyCoder Decoder(AutoencoderTinyConfig config, LayerFactory factory)
    {
        var half = new TinyCoder();
        int last = config.NumDecoderBlocks.Length - 1;
        half._layers.Add(factory.Conv2d(config.LatentChannels, config.DecoderBlockOutChannels[0], 3, padding: 1))
            .Add(Activations.ByName(config.ActFn));
        for (int stage = 0; stage <= last; stage++)
        {
            int channels = config.DecoderBlockOutChannels[stage];
            half.AddBlocks(config, factory, channels, config.NumDecoderBlocks[stage], pool: config.UseMidblockGn && stage == 0);
            if (stage == 0) half._split = half._layers.Count;
            if (stage < last) half._layers.Add(x => Enlarge(x, config)).Add(factory.Conv2d(channels, channels, 3, padding: 1, bias: false));
            else half._layers.Add(factory.Conv2d(channels, config.OutChannels, 3, padding: 1));
        }

        half.RegisterComponents();
        return half;
    }

    public override Tensor forward(Tensor input) => _layers.call(input);

    /// <summary>The layers of an encoder at larger sizes than that of the latents, of a decoder at their size.</summary>
    public Tensor First(Tensor input) => _layers.Run(input, .._split);

    /// <summary>The layers after those.</summary>
    public Tensor Second(Tensor input) => _layers.Run(input, _split..);

    private void AddBlocks(AutoencoderTinyConfig config, LayerFactory factory, int channels, int count, bool pool)
    {
        for (int i = 0; i < count; i++) _layers.Add(new TinyBlock(factory, channels, config.ActFn, pool));
    }

    private static Tensor Enlarge(Tensor x, AutoencoderTinyConfig config) => nn.functional.interpolate(
        x, [x.shape[2] * config.UpsamplingScalingFactor, x.shape[3] * config.UpsamplingScalingFactor],
        mode: AutoencoderTiny.UpsampleModes[config.UpsampleFn], align_corners: config.UpsampleFn == "nearest" ? null : false);
}
