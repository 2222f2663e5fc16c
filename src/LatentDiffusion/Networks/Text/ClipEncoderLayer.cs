using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// One layer of a tower of CLIP: self-attention and a feed-forward, each normalised before and added to its input.
/// </summary>
internal sealed class ClipEncoderLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "self_attn")] private readonly SelfAttention _attention;
    [ComponentName(Name = "layer_norm1")] private readonly LayerNormLayer _norm1;
    [ComponentName(Name = "mlp")] private readonly Mlp _mlp;
    [ComponentName(Name = "layer_norm2")] private readonly LayerNormLayer _norm2;

    public ClipEncoderLayer(ClipLayerOptions options, LayerFactory layers) : base(NativeModule.Create(nameof(ClipEncoderLayer)), 0)
    {
        _attention = new SelfAttention(options, layers);
        _norm1 = layers.LayerNorm(options.Width, options.NormEps);
        _mlp = new Mlp(options, layers);
        _norm2 = layers.LayerNorm(options.Width, options.NormEps);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden)
    {
        using DisposeScope scope = NewDisposeScope();
        hidden = hidden.Add(_attention.call(_norm1.call(hidden)));
        hidden = hidden.Add(_mlp.call(_norm2.call(hidden)));
        return hidden.MoveToOuterDisposeScope();
    }

    private sealed class SelfAttention : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "q_proj")] private readonly LinearLayer _query;
        [ComponentName(Name = "k_proj")] private readonly LinearLayer _key;
        [ComponentName(Name = "v_proj")] private readonly LinearLayer _value;
        [ComponentName(Name = "out_proj")] private readonly LinearLayer _out;
        private readonly int _heads;
        private readonly bool _isCausal;

        public SelfAttention(ClipLayerOptions options, LayerFactory layers) : base(NativeModule.Create(nameof(SelfAttention)), 0)
        {
            (_heads, _isCausal) = (options.Heads, options.IsCausal);
            _query = layers.Linear(options.Width, options.Width);
            _key = layers.Linear(options.Width, options.Width);
            _value = layers.Linear(options.Width, options.Width);
            _out = layers.Linear(options.Width, options.Width);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using DisposeScope scope = NewDisposeScope();
            // The short sequence of a text costs little in half precision, and embeddings keep their values.
            Tensor attended = AttentionHeads.Attend(
                _query.call(input), _key.call(input), _value.call(input), _heads, causal: _isCausal, upcast: _isCausal ? false : null);
            return _out.call(attended).MoveToOuterDisposeScope();
        }
    }

    private sealed class Mlp : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "fc1")] private readonly LinearLayer _fc1;
        [ComponentName(Name = "fc2")] private readonly LinearLayer _fc2;
        private readonly Func<Tensor, Tensor> _activation;

        public Mlp(ClipLayerOptions options, LayerFactory layers) : base(NativeModule.Create(nameof(Mlp)), 0)
        {
            _fc1 = layers.Linear(options.Width, options.FeedForwardWidth);
            _fc2 = layers.Linear(options.FeedForwardWidth, options.Width);
            _activation = Activations.ByName(options.Activation);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using DisposeScope scope = NewDisposeScope();
            return _fc2.call(_activation(_fc1.call(input))).MoveToOuterDisposeScope();
        }
    }
}
