using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Two linear layers with an activation between, over features of a number.</summary>
internal sealed class TimestepEmbedding : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "linear_1")] private readonly LinearLayer _linear1;
    [ComponentName(Name = "cond_proj")] private readonly LinearLayer? _conditionProjection;
    [ComponentName(Name = "linear_2")] private readonly LinearLayer _linear2;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly Func<Tensor, Tensor>? _lastActivation;

    public TimestepEmbedding(
        LayerFactory layers, long inChannels, long width, string activation, int? conditionChannels = null, string? lastActivation = null,
        bool bias = true)
        : base(NativeModule.Create(nameof(TimestepEmbedding)), 0)
    {
        _linear1 = layers.Linear(inChannels, width, bias);
        if (conditionChannels is { } channels) _conditionProjection = layers.Linear(channels, inChannels, bias: false);
        _linear2 = layers.Linear(width, width, bias);
        _activation = Activations.ByName(activation);
        if (lastActivation is not null) _lastActivation = Activations.ByName(lastActivation);
        RegisterComponents();
    }

    public override Tensor forward(Tensor features) => forward(features, null);

    /// <param name="features">Features of a number, [batch, channels].</param>
    /// <param name="condition">Embedding of the guidance scale (LCM), [batch, condition channels]; null for none.</param>
    public Tensor forward(Tensor features, Tensor? condition)
    {
        using DisposeScope scope = NewDisposeScope();
        if (condition is not null && _conditionProjection is not null) features = features.Add(_conditionProjection.call(condition));
        Tensor embedding = _linear2.call(_activation(_linear1.call(features)));
        if (_lastActivation is not null) embedding = _lastActivation(embedding);
        return embedding.MoveToOuterDisposeScope();
    }
}
