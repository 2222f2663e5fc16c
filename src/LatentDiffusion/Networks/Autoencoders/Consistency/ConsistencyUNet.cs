using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The decoder's U-Net, published as a <c>UNet2DModel</c>: residual blocks that the embedded timestep scales and shifts (Dhariwal and
/// Nichol 2021), at the size of the image, without attention.
/// </summary>
internal sealed class ConsistencyUNet : nn.Module<Tensor, int, Tensor>
{
    public const string ScaleShift = "scale_shift", LearnedTime = "learned";

    [ComponentName(Name = "conv_in")] private readonly Conv2dLayer _convIn;
    [ComponentName(Name = "time_proj")] private readonly Embedding _timeTable;
    [ComponentName(Name = "time_embedding")] private readonly TimestepEmbedding _timeEmbedding;
    [ComponentName(Name = "down_blocks")] private readonly LayerList<ConsistencyUNetBlock> _downBlocks = [];
    [ComponentName(Name = "mid_block")] private readonly ConsistencyUNetBlock _middle;
    [ComponentName(Name = "up_blocks")] private readonly LayerList<ConsistencyUNetBlock> _upBlocks = [];
    [ComponentName(Name = "conv_norm_out")] private readonly GroupNormLayer _normOut;
    [ComponentName(Name = "conv_out")] private readonly Conv2dLayer _convOut;

    public ConsistencyUNet(ConsistencyDecoderVAEConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(ConsistencyUNet)), 0)
    {
        const int TimeExpansion = 4;
        IReadOnlyList<int> channels = config.DecoderBlockOutChannels;
        int last = channels.Count - 1, depth = config.DecoderLayersPerBlock, width = TimeExpansion * channels[0];
        bool modulates = config.DecoderResnetTimeScaleShift == ScaleShift;
        var options = new ResnetOptions(width, config.DecoderNormNumGroups, config.DecoderNormEps, "silu", modulates, Dropout: 0);
        _convIn = layers.Conv2d(config.DecoderInChannels, channels[0], 3, padding: 1);
        _timeTable = layers.Embedding(config.DecoderNumTrainTimesteps, channels[0]);
        _timeEmbedding = new TimestepEmbedding(layers, channels[0], width, "silu");
        for (int i = 0; i <= last; i++)
        {
            int[] read = [channels[Math.Max(i - 1, 0)], .. Enumerable.Repeat(channels[i], depth - 1)];
            _downBlocks.Add(new(layers, options, read, channels[i], i < last ? Resampling.Halve : Resampling.None));
        }

        _middle = new(layers, options, [channels[last], channels[last]], channels[last], Resampling.None);
        for (int i = last; i >= 0; i--)
        {
            // Each block reads the output below it and one of the way down; the last of those comes from the next higher resolution.
            int below = channels[Math.Min(i + 1, last)], above = channels[Math.Max(i - 1, 0)];
            int[] read = [.. Enumerable.Range(0, depth + 1).Select(
                n => (n == 0 ? below : channels[i]) + (n == depth ? above : channels[i]))];
            _upBlocks.Add(new(layers, options, read, channels[i], i > 0 ? Resampling.Double : Resampling.None));
        }

        _normOut = layers.GroupNorm(config.DecoderNormNumGroups, channels[0], config.DecoderNormEps);
        _convOut = layers.Conv2d(channels[0], config.DecoderOutChannels, 3, padding: 1);
        RegisterComponents();
    }

    /// <summary>Values that an evaluation holds at once, to a pixel: features for the way up, and those of the last block.</summary>
    public static long ValuesPerPixel(ConsistencyDecoderVAEConfig config)
    {
        IReadOnlyList<int> channels = config.DecoderBlockOutChannels;
        double values = 6.0 * channels[0];
        for (int i = 0; i < channels.Count; i++) values += (config.DecoderLayersPerBlock + 1) * channels[i] / Math.Pow(4, i);
        return (long)values;
    }

    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="timestep">The timestep of all samples.</param>
    public override Tensor forward(Tensor input, int timestep)
    {
        using DisposeScope scope = NewDisposeScope();
        var time = new TimeContext(_timeEmbedding.call(_timeTable.call(tensor([(long)timestep], device: input.device))));
        var skips = new Stack<Tensor>();
        Tensor hidden = _convIn.call(input);
        skips.Push(hidden);
        foreach (ConsistencyUNetBlock block in _downBlocks) hidden = block.Descend(hidden, time, skips);
        hidden = _middle.Continue(hidden, time);
        foreach (ConsistencyUNetBlock block in _upBlocks) hidden = block.Ascend(hidden, time, skips);
        hidden = hidden.Into(x => _normOut.CallBefore(_convOut, x)).Activate(Activations.SiluFunction);
        return hidden.Into(_convOut.call).MoveToOuterDisposeScope();
    }
}
