using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The condition of Z-Image's blocks: the embedded timestep.</summary>
internal sealed class ZImageTimeEmbedding : LayerGroup
{
    private const int Features = 256, Hidden = 1024;

    // The published names are mlp.0 and mlp.2, with an activation without parameters at mlp.1.
    [ComponentName(Name = "mlp")] private readonly LayerList<nn.Module<Tensor, Tensor>> _layers;
    private readonly SinusoidalEmbedding _sinusoids = new(Features, flipSinToCos: true, frequencyShift: 0);

    public ZImageTimeEmbedding(LayerFactory layers, long width) : base(nameof(ZImageTimeEmbedding))
    {
        _layers = new LayerList<nn.Module<Tensor, Tensor>>(
            layers.Linear(Features, Hidden), new TrainingDropout(0), layers.Linear(Hidden, width));
        RegisterComponents();
    }

    /// <param name="timesteps">Numbers of up to 1000, [batch].</param>
    /// <param name="type">Type that the network computes in.</param>
    /// <returns>[batch, width].</returns>
    public Tensor Embed(Tensor timesteps, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        return _layers[2].call(Activations.Silu(_layers[0].call(_sinusoids.Embed(timesteps).to(type)))).MoveToOuterDisposeScope();
    }
}
