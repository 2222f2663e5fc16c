using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The residual block of the U-Net: two normalised convolutions, the time embedding added (or, with scale and shift,
/// modulating the second normalisation) between them (Ho et al. 2020, appendix B; Dhariwal &amp; Nichol 2021).
/// </summary>
internal sealed class ResnetBlock2D : nn.Module<Tensor, TimeContext, Tensor>
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
    private readonly FusedResnet? _fused;

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
        if (_activation == Activations.SiluFunction && !options.ScaleShift && resampling == Resampling.None)
            _fused = new FusedResnet(_norm1, _conv1, _norm2, _conv2, _shortcut);
        RegisterComponents();
    }

    /// <summary>Whether activations are computed again in the backward pass instead of kept.</summary>
    public bool Recomputes { get; set; }

    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="time">The time embedding.</param>
    public override Tensor forward(Tensor input, TimeContext time) => Recomputes
        ? GradientCheckpoint.Run(
            inputs => Compute(inputs[0], time with { Embedding = inputs[1] }), _options.Dropout > 0, input, time.Embedding)
        : Compute(input, time);

    private Tensor Compute(Tensor input, TimeContext time)
    {
        using DisposeScope scope = NewDisposeScope();
        if (_fused?.AppliesTo(input) == true) return Scale(_fused.Compute(input, time.Project(this, Project))).MoveToOuterDisposeScope();
        Tensor hidden = _norm1.CallBefore(_conv1, input).Activate(_activation);
        if (_resampling != Resampling.None) (input, hidden) = (Resample(input), hidden.Into(Resample));
        hidden = hidden.Into(_conv1.call);
        Tensor signal = time.Project(this, Project);
        hidden = _options.ScaleShift ? hidden.Into(x => Modulate(x, signal)) : hidden.Plus(signal).Into(x => _norm2.CallBefore(_conv2, x));
        hidden = hidden.Activate(_activation);
        if (_dropout.IsActive) hidden = hidden.Into(_dropout.call);
        Tensor output = hidden.Into(x => _conv2.AddTo(() => _shortcut is null ? input : _shortcut.call(input), x));
        return Scale(output).MoveToOuterDisposeScope();
    }

    private Tensor Scale(Tensor output) => _options.OutputScale == 1 ? output : output.Divide(_options.OutputScale);

    /// <summary>What the time embedding adds to each channel, or scales and shifts it by, [batch, channels, 1, 1].</summary>
    private Tensor Project(Tensor embedding) =>
        _timeProjection.call(_options.SkipTimeActivation ? embedding : _activation(embedding)).unsqueeze(-1).unsqueeze(-1);

    private Tensor Modulate(Tensor hidden, Tensor signal)
    {
        Tensor[] parts = signal.chunk(2, 1);
        return _norm2.call(hidden).Into(x => x * parts[0].Add(1)).Into(x => x.Add(parts[1]));
    }

    private Tensor Resample(Tensor x) => _resampling == Resampling.Halve
        ? nn.functional.avg_pool2d(x, 2, 2)
        : nn.functional.interpolate(x, [x.shape[2] * 2, x.shape[3] * 2], mode: InterpolationMode.Nearest);
}
