using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The time-conditioned U-Net with cross-attention to a text (Ho et al. 2020, appendix B; Rombach et al. 2022, section
/// 3.3). Parameter names are the published ones.
/// </summary>
public sealed class UNet2DConditionModel : nn.Module<UNetInput, Tensor>, IGradientCheckpointing
{
    private readonly UNetEncoder _encoder;
    [ComponentName(Name = "up_blocks")] private readonly LayerList<UNetUpBlock> _upBlocks = [];
    [ComponentName(Name = "conv_norm_out")] private readonly GroupNormLayer _normOut;
    [ComponentName(Name = "conv_out")] private readonly Conv2dLayer _convOut;
    private readonly Func<Tensor, Tensor> _activation;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a block or option that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public UNet2DConditionModel(UNet2DConditionConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal UNet2DConditionModel(UNet2DConditionConfig config, LayerFactory layers)
        : base(NativeModule.Create(nameof(UNet2DConditionModel)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        UNetConfigRules.Check(config);
        Config = config;
        _activation = Activations.ByName(config.ActFn);
        IReadOnlyList<int> channels = config.BlockOutChannels;
        int last = channels.Count - 1;

        _encoder = new UNetEncoder(config, layers);
        for (int i = last; i >= 0; i--)
        {
            _upBlocks.Add(new UNetUpBlock(
                UNetBlockShape.Up(config, layers, i), channels[Math.Min(i + 1, last)], channels[i], channels[Math.Max(i - 1, 0)],
                config.LayersPerBlock[i] + 1, grow: i > 0));
        }

        _normOut = layers.GroupNorm(config.NormNumGroups, channels[0], config.NormEps);
        _convOut = layers.Conv2d(channels[0], config.OutChannels, config.ConvOutKernel, padding: (config.ConvOutKernel - 1) / 2);
        _encoder.Register(this);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public UNet2DConditionConfig Config { get; }

    /// <summary>
    /// Whether residual blocks and spatial transformers keep only their inputs in training and compute the rest again in
    /// the backward pass (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"): much less memory for about a
    /// third more work, and the same gradients within rounding, dropout's included. Without a gradient to compute it
    /// changes nothing. Default false.
    /// </summary>
    public bool GradientCheckpointing
    {
        get;
        set => RecomputedBlocks.Set(this, field = value);
    }

    /// <summary>Evaluates the network.</summary>
    /// <returns>[batch, out channels, height, width].</returns>
    /// <exception cref="ArgumentException">The configuration asks for a condition that is not given.</exception>
    public override Tensor forward(UNetInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        (Tensor hidden, Stack<Tensor> skips, TimeContext time, TextContext context) = _encoder.Run(input);
        if (input.DownResiduals is { } residuals) skips = Add(skips, residuals);
        if (input.MiddleResidual is not null) hidden = hidden.Add(input.MiddleResidual);
        int upper = _upBlocks.Count - (input.Deep?.Levels ?? 0);
        for (int i = input.Deep?.Value is null ? 0 : upper; i < _upBlocks.Count; i++)
        {
            if (i == upper && input.Deep is { Value: null } deep) deep.Keep(hidden);
            hidden = _upBlocks[i].forward(hidden, time, context, skips);
        }

        return _normOut.CallBefore(_convOut, hidden).Activate(_activation).Into(_convOut.call).MoveToOuterDisposeScope();
    }

    /// <summary>A network of a configuration with the same weights, in the same mode; missing weights are zero.</summary>
    internal UNet2DConditionModel Copy(UNet2DConditionConfig config, ScalarType type)
    {
        UNet2DConditionModel copy = config.BuildUninitialized(NetworkUse.DeviceOf(this), type);
        using IDisposable noGrad = no_grad();
        using NetworkUse weights = NetworkUse.ToRead(this), copied = NetworkUse.ToChange(copy);
        Dictionary<string, Tensor> values = state_dict();
        foreach ((string name, Tensor parameter) in copy.state_dict())
        {
            if (values.TryGetValue(name, out Tensor? value)) parameter.copy_(value);
            else parameter.zero_().Dispose();
        }

        copy.train(training);
        return copy;
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }

    private static Stack<Tensor> Add(Stack<Tensor> skips, IReadOnlyList<Tensor> residuals) => skips.Count == residuals.Count
        ? new(skips.Reverse().Zip(residuals, (skip, residual) => skip.Add(residual)))
        : throw new ArgumentException(
            $"The U-Net has {skips.Count} skip connections, and {residuals.Count} residuals are given.", nameof(residuals));
}
