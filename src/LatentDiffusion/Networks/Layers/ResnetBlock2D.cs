using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The residual block of the U-Net and the autoencoder: two normalised convolutions, the time embedding added (or, with
/// scale and shift, modulating the second normalisation) between them (Ho et al. 2020, appendix B; Dhariwal &amp; Nichol 2021).
/// </summary>
internal sealed class ResnetBlock2D : nn.Module<Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "norm1")] private readonly GroupNorm _norm1;
    [ComponentName(Name = "conv1")] private readonly Conv2d _conv1;
    [ComponentName(Name = "time_emb_proj")] private readonly Linear? _timeProjection;
    [ComponentName(Name = "norm2")] private readonly GroupNorm _norm2;
    [ComponentName(Name = "dropout")] private readonly Dropout? _dropout;
    [ComponentName(Name = "conv2")] private readonly Conv2d _conv2;
    [ComponentName(Name = "conv_shortcut")] private readonly Conv2d? _shortcut;
    private readonly bool _scaleShift;

    /// <param name="inChannels">Channels of the input.</param>
    /// <param name="outChannels">Channels of the output.</param>
    /// <param name="groups">Groups of both normalisations.</param>
    /// <param name="eps">Epsilon of both normalisations.</param>
    /// <param name="timeChannels">Width of the time embedding; null for a block without one.</param>
    /// <param name="scaleShift">Whether the time embedding scales and shifts instead of being added.</param>
    /// <param name="dropout">Probability of dropping a value in training.</param>
    public ResnetBlock2D(
        long inChannels, long outChannels, int groups, double eps, long? timeChannels = null, bool scaleShift = false, double dropout = 0)
        : base(nameof(ResnetBlock2D))
    {
        _scaleShift = scaleShift;
        _norm1 = Normalization.Group(groups, inChannels, eps);
        _conv1 = nn.Conv2d(inChannels, outChannels, 3, padding: 1);
        if (timeChannels is { } width) _timeProjection = nn.Linear(width, scaleShift ? 2 * outChannels : outChannels);
        _norm2 = Normalization.Group(groups, outChannels, eps);
        if (dropout > 0) _dropout = nn.Dropout(dropout);
        _conv2 = nn.Conv2d(outChannels, outChannels, 3, padding: 1);
        if (inChannels != outChannels) _shortcut = nn.Conv2d(inChannels, outChannels, 1);
        RegisterComponents();
    }

    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="timeEmbedding">The embedding after its activation, [batch, width]; null for a block without one.</param>
    public override Tensor forward(Tensor input, Tensor? timeEmbedding)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = _conv1.call(nn.functional.silu(_norm1.call(input)));
        if (_timeProjection is not null)
        {
            Tensor time = _timeProjection.call(timeEmbedding!).unsqueeze(-1).unsqueeze(-1);
            if (_scaleShift)
            {
                Tensor[] parts = time.chunk(2, 1);
                hidden = _norm2.call(hidden) * (parts[0] + 1) + parts[1];
            }
            else
            {
                hidden = _norm2.call(hidden + time);
            }
        }
        else
        {
            hidden = _norm2.call(hidden);
        }

        hidden = nn.functional.silu(hidden);
        if (_dropout is not null) hidden = _dropout.call(hidden);
        hidden = _conv2.call(hidden);
        Tensor residual = _shortcut is null ? input : _shortcut.call(input);
        return (residual + hidden).MoveToOuterDisposeScope();
    }
}
