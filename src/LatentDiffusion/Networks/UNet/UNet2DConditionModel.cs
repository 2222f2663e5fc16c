using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The time-conditioned U-Net with cross-attention to a text (Ho et al. 2020, appendix B; Rombach et al. 2022, section
/// 3.3). Parameter names are the published ones.
/// </summary>
public sealed class UNet2DConditionModel : nn.Module<UNetInput, Tensor>
{
    [ComponentName(Name = "conv_in")] private readonly Conv2d _convIn;
    [ComponentName(Name = "time_embedding")] private readonly TimestepEmbedding _timeEmbedding;
    [ComponentName(Name = "add_embedding")] private readonly TimestepEmbedding? _addEmbedding;
    [ComponentName(Name = "down_blocks")] private readonly ModuleList<UNetDownBlock> _downBlocks = [];
    [ComponentName(Name = "mid_block")] private readonly UNetMiddleBlock? _middle;
    [ComponentName(Name = "up_blocks")] private readonly ModuleList<UNetUpBlock> _upBlocks = [];
    [ComponentName(Name = "conv_norm_out")] private readonly GroupNorm _normOut;
    [ComponentName(Name = "conv_out")] private readonly Conv2d _convOut;
    private readonly SinusoidalEmbedding _timeFeatures;
    private readonly SinusoidalEmbedding? _sizeFeatures;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a block or option that is not known.</exception>
    public UNet2DConditionModel(UNet2DConditionConfig config) : base(nameof(UNet2DConditionModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        UNetConfigRules.Check(config);
        Config = config;
        IReadOnlyList<int> channels = config.BlockOutChannels;
        int last = channels.Count - 1, width = channels[0] * 4;

        _timeFeatures = new SinusoidalEmbedding(channels[0], config.FlipSinToCos, config.FreqShift);
        _convIn = nn.Conv2d(config.InChannels, channels[0], config.ConvInKernel, padding: (config.ConvInKernel - 1) / 2);
        _timeEmbedding = new TimestepEmbedding(channels[0], width, config.ActFn, config.TimeCondProjDim);
        if (config.AdditionEmbedType == "text_time")
        {
            _sizeFeatures = new SinusoidalEmbedding(config.AdditionTimeEmbedDim!.Value, config.FlipSinToCos, config.FreqShift);
            _addEmbedding = new TimestepEmbedding(config.ProjectionClassEmbeddingsInputDim!.Value, width, "silu");
        }

        for (int i = 0; i <= last; i++)
        {
            UNetBlockShape shape = UNetBlockShape.Of(config, i, config.DownBlockTypes[i] == UNetConfigRules.CrossAttentionDown);
            _downBlocks.Add(new UNetDownBlock(
                shape, channels[Math.Max(i - 1, 0)], channels[i], config.LayersPerBlock[i], i < last ? config.DownsamplePadding : null));
        }

        if (config.MidBlockType is not null) _middle = new UNetMiddleBlock(UNetBlockShape.Of(config, last, attention: true), channels[last]);

        for (int i = last; i >= 0; i--)
        {
            UNetBlockShape shape = UNetBlockShape.Of(config, i, config.UpBlockTypes[last - i] == UNetConfigRules.CrossAttentionUp);
            _upBlocks.Add(new UNetUpBlock(
                shape, channels[Math.Min(i + 1, last)], channels[i], channels[Math.Max(i - 1, 0)], config.LayersPerBlock[i] + 1, i > 0));
        }

        _normOut = Normalization.Group(config.NormNumGroups, channels[0], config.NormEps);
        _convOut = nn.Conv2d(channels[0], config.OutChannels, config.ConvOutKernel, padding: (config.ConvOutKernel - 1) / 2);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public UNet2DConditionConfig Config { get; }

    /// <summary>Evaluates the network.</summary>
    /// <returns>[batch, out channels, height, width].</returns>
    public override Tensor forward(UNetInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using DisposeScope scope = NewDisposeScope();
        Tensor context = input.HiddenStates, time = nn.functional.silu(EmbedTime(input));
        Tensor? contextBias = input.Mask is null ? null : ((1 - input.Mask.to(context.dtype)) * -10000).unsqueeze(1).unsqueeze(1);
        Tensor hidden = _convIn.call(Config.CenterInputSample ? 2 * input.Sample - 1 : input.Sample);

        var skips = new Stack<Tensor>([hidden]);
        foreach (UNetDownBlock block in _downBlocks) hidden = block.forward(hidden, time, context, contextBias, skips);
        if (input.DownResiduals is { } residuals) skips = new Stack<Tensor>(skips.Reverse().Zip(residuals, (skip, residual) => skip + residual));

        if (_middle is not null) hidden = _middle.forward(hidden, time, context, contextBias);
        if (input.MiddleResidual is not null) hidden = hidden + input.MiddleResidual;

        foreach (UNetUpBlock block in _upBlocks)
        {
            using Tensor below = hidden;
            hidden = block.forward(below, time, context, contextBias, skips);
        }

        return _convOut.call(nn.functional.silu(_normOut.call(hidden))).MoveToOuterDisposeScope();
    }

    private Tensor EmbedTime(UNetInput input)
    {
        Tensor features = _timeFeatures.Embed(input.Timesteps.expand(input.Sample.shape[0])).to(input.Sample.dtype);
        Tensor time = _timeEmbedding.forward(features, input.TimestepCondition);
        if (_addEmbedding is null) return time;
        if (input.TextEmbeds is null || input.TimeIds is null)
            throw new ArgumentException("This U-Net (addition_embed_type text_time) needs pooled text and the picture's sizes.", nameof(input));
        Tensor sizes = _sizeFeatures!.Embed(input.TimeIds.flatten()).view(input.TimeIds.shape[0], -1);
        return time + _addEmbedding.call(cat([input.TextEmbeds, sizes.to(input.TextEmbeds.dtype)], -1));
    }
}
