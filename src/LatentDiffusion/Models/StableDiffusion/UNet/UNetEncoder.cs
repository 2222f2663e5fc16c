using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The first convolution, the way down and the middle: the half of the U-Net that ControlNet is a copy of (Zhang et al.
/// 2023, figure 3). Its layers stand at the top of the network, into which they are registered.
/// </summary>
internal sealed class UNetEncoder
{
    private readonly UNet2DConditionConfig _config;
    private readonly UNetConditioning _conditioning;
    private readonly Conv2dLayer _convIn;
    private readonly LayerList<UNetDownBlock> _downBlocks = [];
    private readonly UNetMiddleBlock? _middle;

    public UNetEncoder(UNet2DConditionConfig config, LayerFactory layers)
    {
        _config = config;
        IReadOnlyList<int> channels = config.BlockOutChannels;
        int last = channels.Count - 1;
        _convIn = layers.Conv2d(config.InChannels, channels[0], config.ConvInKernel, padding: (config.ConvInKernel - 1) / 2);
        _conditioning = new UNetConditioning(config, layers);
        for (int i = 0; i <= last; i++)
        {
            _downBlocks.Add(new UNetDownBlock(
                UNetBlockShape.Down(config, layers, i), channels[Math.Max(i - 1, 0)], channels[i], config.LayersPerBlock[i],
                i < last ? config.DownsamplePadding : null));
        }

        if (config.MidBlockType is not null) _middle = new UNetMiddleBlock(UNetBlockShape.Middle(config, layers), channels[last]);
    }

    /// <summary>Registers the layers in the network under their published names.</summary>
    public void Register(nn.Module network)
    {
        network.register_module("conv_in", _convIn);
        _conditioning.Register(network);
        network.register_module("down_blocks", _downBlocks);
        if (_middle is not null) network.register_module("mid_block", _middle);
    }

    /// <summary>Runs the encoder, or where the lower resolutions are known only the upper ones.</summary>
    /// <param name="input">Input of the network.</param>
    /// <param name="hint">Added after the first convolution (ControlNet); null for none.</param>
    /// <param name="added">Added to the time embedding (union ControlNet), [1, width]; null for none.</param>
    public UNetFeatures Run(UNetInput input, Tensor? hint = null, Tensor? added = null)
    {
        TimeContext time = _conditioning.Embed(input);
        if (added is not null) time = new TimeContext(time.Embedding.Add(added));
        Tensor text = _conditioning.Project(input.HiddenStates);
        Tensor? bias = input.Mask is null ? null : input.Mask.to(text.dtype).SubtractFrom(1).Multiply(-10000).unsqueeze(1).unsqueeze(1);
        // Guidance evaluates the same samples with several texts: up to the first text they are computed once.
        bool repeats = hint is null && input.AdapterResiduals is null && time.IsCommon && RepeatedSamples.Are(input.Sample, text);
        var context = new TextContext(text, bias, input.Attention, input.Attention?.Texts?.KeysAndValuesFor(input.HiddenStates), repeats);
        Tensor sample = repeats ? RepeatedSamples.First(input.Sample) : input.Sample;
        Tensor hidden = _config.CenterInputSample ? sample.Multiply(2).Add(-1).Into(_convIn.call) : _convIn.call(sample);
        if (hint is not null) hidden = hidden.Into(x => x.Add(hint));

        var skips = new Stack<Tensor>([hidden]);
        if (input.Deep is { Value: { } deep, Levels: var levels })
        {
            for (int i = 0; i < levels; i++) hidden = _downBlocks[i].forward(hidden, time, context, skips, halve: i < levels - 1);
            return Features(deep.alias(), skips, time, context);
        }

        for (int i = 0; i < _downBlocks.Count; i++)
            hidden = _downBlocks[i].forward(hidden, time, context, skips, residual: input.AdapterResiduals?.ElementAtOrDefault(i));
        if (_middle is null) return Features(hidden, skips, time, context);
        hidden = _middle.forward(hidden, time, context);
        if (input.AdapterResiduals?.ElementAtOrDefault(_downBlocks.Count) is { } residual) hidden = hidden.Into(x => x.Add(residual));
        return Features(hidden, skips, time, context);
    }

    private static UNetFeatures Features(Tensor hidden, Stack<Tensor> skips, TimeContext time, TextContext context) =>
        new(context.Repeated(hidden), new Stack<Tensor>(skips.Reverse().Select(context.Repeated)), time, context);
}
