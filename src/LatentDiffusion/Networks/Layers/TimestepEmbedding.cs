using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Two linear layers with an activation between, over sinusoidal features.</summary>
internal sealed class TimestepEmbedding : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "linear_1")] private readonly Linear _linear1;
    [ComponentName(Name = "cond_proj")] private readonly Linear? _conditionProjection;
    [ComponentName(Name = "linear_2")] private readonly Linear _linear2;
    private readonly Func<Tensor, Tensor> _activation;

    public TimestepEmbedding(long inChannels, long width, string activation, int? conditionChannels = null)
        : base(nameof(TimestepEmbedding))
    {
        _linear1 = nn.Linear(inChannels, width);
        if (conditionChannels is { } channels) _conditionProjection = nn.Linear(channels, inChannels, hasBias: false);
        _linear2 = nn.Linear(width, width);
        _activation = Activations.ByName(activation);
        RegisterComponents();
    }

    public override Tensor forward(Tensor features) => forward(features, null);

    /// <param name="features">Sinusoidal features, [batch, channels].</param>
    /// <param name="condition">Embedding of the guidance scale (LCM), [batch, condition channels]; null for none.</param>
    public Tensor forward(Tensor features, Tensor? condition)
    {
        using DisposeScope scope = NewDisposeScope();
        if (condition is not null && _conditionProjection is not null) features = features + _conditionProjection.call(condition);
        return _linear2.call(_activation(_linear1.call(features))).MoveToOuterDisposeScope();
    }
}
