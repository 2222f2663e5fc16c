using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The residual block of the U-Net: two normalised convolutions, the time embedding added (or, with scale and shift,
/// modulating the second normalisation) between them (Ho et al. 2020, appendix B; Dhariwal &amp; Nichol 2021).
/// </summary>
internal sealed class ResnetBlock2D : nn.Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "norm1")] private readonly GroupNormLayer _norm1;
    [ComponentName(Name = "conv1")] private readonly Conv2dLayer _conv1;
    [ComponentName(Name = "time_emb_proj")] private readonly LinearLayer _timeProjection;
    [ComponentName(Name = "norm2")] private readonly GroupNormLayer _norm2;
    [ComponentName(Name = "dropout")] private readonly TrainingDropout _dropout;
    [ComponentName(Name = "conv2")] private readonly Conv2dLayer _conv2;
    [ComponentName(Name = "conv_shortcut")] private readonly Conv2dLayer? _shortcut;
    private readonly ResnetOptions _options;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly Resampling _resampling;

    public ResnetBlock2D(
        LayerFactory layers, long inChannels, long outChannels, ResnetOptions options, Resampling resampling = Resampling.None)
        : base(NativeModule.Create(nameof(ResnetBlock2D)), 0)
    {
        (_options, _resampling) = (options, resampling);
        _activation = Activations.ByName(options.Activation);
        _norm1 = layers.GroupNorm(options.Groups, inChannels, options.Eps);
        _conv1 = layers.Conv2d(inChannels, outChannels, 3, padding: 1);
        _timeProjection = layers.Linear(options.TimeChannels, options.ScaleShift ? 2 * outChannels : outChannels);
        _norm2 = layers.GroupNorm(options.Groups, outChannels, options.Eps);
        _dropout = new TrainingDropout(options.Dropout);
        _conv2 = layers.Conv2d(outChannels, outChannels, 3, padding: 1);
        if (inChannels != outChannels) _shortcut = layers.Conv2d(inChannels, outChannels, 1);
        RegisterComponents();
    }

    /// <summary>Whether activations are computed again in the backward pass instead of kept.</summary>
    public bool Recomputes { get; set; }

    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="time">The time embedding, [batch, width].</param>
    public override Tensor forward(Tensor input, Tensor time) => Recomputes
        ? GradientCheckpoint.Run(inputs => Compute(inputs[0], inputs[1]), _options.Dropout > 0, input, time)
        : Compute(input, time);

    private Tensor Compute(Tensor input, Tensor time)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = _norm1.call(input).Activate(_activation);
        if (_resampling != Resampling.None) (input, hidden) = (Resample(input), hidden.Into(Resample));
        hidden = hidden.Into(_conv1.call);
        Tensor signal = _timeProjection.call(_options.SkipTimeActivation ? time : _activation(time)).unsqueeze(-1).unsqueeze(-1);
        hidden = _options.ScaleShift ? hidden.Into(x => Modulate(x, signal)) : hidden.Plus(signal).Into(_norm2.call);
        hidden = hidden.Activate(_activation);
        if (_dropout.IsActive) hidden = hidden.Into(_dropout.call);
        Tensor output = hidden.Into(x => _conv2.AddTo(() => _shortcut is null ? input : _shortcut.call(input), x));
        return (_options.OutputScale == 1 ? output : output.Divide(_options.OutputScale)).MoveToOuterDisposeScope();
    }

    private Tensor Modulate(Tensor hidden, Tensor signal)
    {
        Tensor[] parts = signal.chunk(2, 1);
        return _norm2.call(hidden).Into(x => x * parts[0].Add(1)).Into(x => x.Add(parts[1]));
    }

    private Tensor Resample(Tensor x) => _resampling == Resampling.Halve
        ? nn.functional.avg_pool2d(x, 2, 2)
        : nn.functional.interpolate(x, [x.shape[2] * 2, x.shape[3] * 2], mode: InterpolationMode.Nearest);
}
