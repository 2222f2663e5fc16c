using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>A normalised feed-forward, gated (Shazeer 2020) or not, added to its input.</summary>
internal sealed class T5FeedForwardLayer : LayerGroup
{
    [ComponentName(Name = "DenseReluDense")] private readonly Dense _dense;
    [ComponentName(Name = "layer_norm")] private readonly RmsNormLayer _norm;

    public T5FeedForwardLayer(T5Config config, LayerFactory layers) : base(nameof(T5FeedForwardLayer))
    {
        _dense = new Dense(config, layers);
        _norm = layers.RmsNorm(config.DModel, config.LayerNormEpsilon);
        RegisterComponents();
    }

    /// <param name="hidden">[batch, tokens, width].</param>
    public Tensor AddTo(Tensor hidden) => _norm.call(hidden).Into(x => _dense.AddTo(hidden, x));

    private sealed class Dense : LayerGroup
    {
        [ComponentName(Name = "wi")] private readonly LinearLayer? _in;
        [ComponentName(Name = "wi_0")] private readonly LinearLayer? _gate;
        [ComponentName(Name = "wi_1")] private readonly LinearLayer? _gated;
        [ComponentName(Name = "wo")] private readonly LinearLayer _out;
        private readonly Func<Tensor, Tensor> _activation;

        public Dense(T5Config config, LayerFactory layers) : base(nameof(Dense))
        {
            _activation = Activations.ByName(config.Activation);
            if (config.IsGated)
            {
                _gate = layers.Linear(config.DModel, config.DFf, bias: false);
                _gated = layers.Linear(config.DModel, config.DFf, bias: false);
            }
            else _in = layers.Linear(config.DModel, config.DFf, bias: false);

            _out = layers.Linear(config.DFf, config.DModel, bias: false);
            RegisterComponents();
        }

        public Tensor AddTo(Tensor residual, Tensor input)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor hidden = (_in ?? _gate!).call(input).Into(_activation);
            if (_gated is not null) hidden = hidden.Into(x => x * _gated.call(input));
            return _out.AddTo(residual, hidden).MoveToOuterDisposeScope();
        }
    }
}
