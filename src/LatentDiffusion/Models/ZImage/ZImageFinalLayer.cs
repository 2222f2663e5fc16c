using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The last layer of Z-Image: a normalisation with a scale that is projected from the condition, and a linear layer.</summary>
internal sealed class ZImageFinalLayer : LayerGroup
{
    private const double Eps = 1e-6;

    [ComponentName(Name = "linear")] private readonly LinearLayer _linear;

    // The published name is adaLN_modulation.1, with an activation without parameters at adaLN_modulation.0.
    [ComponentName(Name = "adaLN_modulation")] private readonly LayerList<nn.Module<Tensor, Tensor>> _modulation;

    public ZImageFinalLayer(LayerFactory layers, long width, long conditionWidth, long outChannels) : base(nameof(ZImageFinalLayer))
    {
        _linear = layers.Linear(width, outChannels);
        _modulation = new LayerList<nn.Module<Tensor, Tensor>>(new TrainingDropout(0), layers.Linear(conditionWidth, width));
        RegisterComponents();
    }

    /// <param name="tokens">[batch, tokens, width].</param>
    /// <param name="condition">[batch, condition width].</param>
    public Tensor Run(Tensor tokens, Tensor condition)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scale = _modulation[1].call(Activations.Silu(condition)).unsqueeze(1).Add(1);
        Tensor normal = nn.functional.layer_norm(tokens, [tokens.shape[^1]], eps: Eps);
        return _linear.call(normal * scale).MoveToOuterDisposeScope();
    }
}
