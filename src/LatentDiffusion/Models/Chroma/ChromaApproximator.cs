using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Computes the modulations of all layers from the timestep and the index of each modulation, in place of the projections in the blocks of
/// FLUX.1.
/// </summary>
internal sealed class ChromaApproximator : LayerGroup
{
    // The published normalisation adds the smallest difference of float32 numbers near 1.
    private const double Eps = 1.1920928955078125e-07;

    // An index of 1 is as far apart as a whole noise level.
    private const double IndexScale = 1000;

    [ComponentName(Name = "in_proj")] private readonly LinearLayer _in;
    [ComponentName(Name = "layers")] private readonly LayerList<TimestepEmbedding> _layers = [];
    [ComponentName(Name = "norms")] private readonly LayerList<RmsNormLayer> _norms = [];
    [ComponentName(Name = "out_proj")] private readonly LinearLayer _out;
    private readonly SinusoidalEmbedding _numbers, _indices;

    public ChromaApproximator(LayerFactory layers, ChromaTransformerConfig config) : base(nameof(ChromaApproximator))
    {
        int channels = config.ApproximatorNumChannels, hidden = config.ApproximatorHiddenDim;
        _in = layers.Linear(channels, hidden);
        for (int i = 0; i < config.ApproximatorLayers; i++)
        {
            _layers.Add(new TimestepEmbedding(layers, hidden, hidden, "silu"));
            _norms.Add(layers.RmsNorm(hidden, Eps));
        }

        _out = layers.Linear(hidden, config.Width);
        // Half of the features are of the index, and a quarter each of the timestep and of a guidance scale of 0.
        _numbers = new SinusoidalEmbedding(channels / 4, flipSinToCos: true, frequencyShift: 0);
        _indices = new SinusoidalEmbedding(channels / 2, flipSinToCos: true, frequencyShift: 0);
        RegisterComponents();
    }

    /// <param name="timesteps">Numbers of up to 1000, [batch].</param>
    /// <param name="count">Number of modulations.</param>
    /// <param name="type">Type that the network computes in.</param>
    /// <returns>[batch, count, width].</returns>
    public Tensor Modulations(Tensor timesteps, long count, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        long batch = timesteps.shape[0];
        Tensor numbers = cat([_numbers.Embed(timesteps), _numbers.Embed(zeros_like(timesteps))], -1);
        Tensor indices = _indices.Embed(TensorArithmetic.Range(count, ScalarType.Float32, timesteps.device).Multiply(IndexScale));
        Tensor features = cat([numbers.unsqueeze(1).expand(batch, count, -1), indices.unsqueeze(0).expand(batch, count, -1)], -1);
        Tensor hidden = _in.call(features.to(type));
        foreach ((TimestepEmbedding layer, RmsNormLayer norm) in _layers.Zip(_norms)) hidden = hidden.Add(layer.call(norm.call(hidden)));
        return _out.call(hidden).MoveToOuterDisposeScope();
    }
}
