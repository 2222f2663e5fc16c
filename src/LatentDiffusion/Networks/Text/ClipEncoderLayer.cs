using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>One layer of the text transformer: self-attention and a feed-forward, each normalised before and added to its input.</summary>
internal sealed class ClipEncoderLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "self_attn")] private readonly SelfAttention _attention;
    [ComponentName(Name = "layer_norm1")] private readonly LayerNormLayer _norm1;
    [ComponentName(Name = "mlp")] private readonly Mlp _mlp;
    [ComponentName(Name = "layer_norm2")] private readonly LayerNormLayer _norm2;

    public ClipEncoderLayer(ClipTextConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(ClipEncoderLayer)), 0)
    {
        _attention = new SelfAttention(config, layers);
        _norm1 = layers.LayerNorm(config.HiddenSize, config.LayerNormEps);
        _mlp = new Mlp(config, layers);
        _norm2 = layers.LayerNorm(config.HiddenSize, config.LayerNormEps);
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

        public SelfAttention(ClipTextConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(SelfAttention)), 0)
        {
            _heads = config.NumAttentionHeads;
            _query = layers.Linear(config.HiddenSize, config.HiddenSize);
            _key = layers.Linear(config.HiddenSize, config.HiddenSize);
            _value = layers.Linear(config.HiddenSize, config.HiddenSize);
            _out = layers.Linear(config.HiddenSize, config.HiddenSize);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using DisposeScope scope = NewDisposeScope();
            // A short sequence costs little in half precision, and embeddings stay what they have always been.
            Tensor attended = AttentionHeads.Attend(
                _query.call(input), _key.call(input), _value.call(input), _heads, causal: true, upcast: false);
            return _out.call(attended).MoveToOuterDisposeScope();
        }
    }

    private sealed class Mlp : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "fc1")] private readonly LinearLayer _fc1;
        [ComponentName(Name = "fc2")] private readonly LinearLayer _fc2;
        private readonly Func<Tensor, Tensor> _activation;

        public Mlp(ClipTextConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(Mlp)), 0)
        {
            _fc1 = layers.Linear(config.HiddenSize, config.IntermediateSize);
            _fc2 = layers.Linear(config.IntermediateSize, config.HiddenSize);
            _activation = Activations.ByName(config.HiddenAct);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using DisposeScope scope = NewDisposeScope();
            return _fc2.call(_activation(_fc1.call(input))).MoveToOuterDisposeScope();
        }
    }
}
