using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>One layer of Qwen3: causal self-attention and a gated feed-forward, each normalised before and added to its input.</summary>
internal sealed class Qwen3Layer : nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "self_attn")] private readonly Qwen3Attention _attention;
    [ComponentName(Name = "mlp")] private readonly Mlp _mlp;
    [ComponentName(Name = "input_layernorm")] private readonly RmsNormLayer _inputNorm;
    [ComponentName(Name = "post_attention_layernorm")] private readonly RmsNormLayer _attendedNorm;

    public Qwen3Layer(Qwen3Config config, LayerFactory layers) : base(NativeModule.Create(nameof(Qwen3Layer)), 0)
    {
        _attention = new Qwen3Attention(config, layers);
        _mlp = new Mlp(config, layers);
        _inputNorm = layers.RmsNorm(config.HiddenSize, config.RmsNormEps);
        _attendedNorm = layers.RmsNorm(config.HiddenSize, config.RmsNormEps);
        RegisterComponents();
    }

    /// <param name="hidden">[batch, tokens, width].</param>
    /// <param name="cosine">Of the rotary positions, [tokens, head width / 2].</param>
    /// <param name="sine">Of the same.</param>
    /// <param name="bias">Added to the logits, [1 or batch, 1, tokens, tokens].</param>
    public override Tensor forward(Tensor hidden, Tensor cosine, Tensor sine, Tensor bias)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = _inputNorm.call(hidden).Into(x => _attention.AddTo(hidden, x, cosine, sine, bias));
        return _attendedNorm.call(attended).Into(x => _mlp.AddTo(attended, x)).MoveToOuterDisposeScope();
    }

    /// <summary>act(xG) ⊙ xU, projected back (Shazeer 2020).</summary>
    private sealed class Mlp : LayerGroup
    {
        [ComponentName(Name = "gate_proj")] private readonly LinearLayer _gate;
        [ComponentName(Name = "up_proj")] private readonly LinearLayer _up;
        [ComponentName(Name = "down_proj")] private readonly LinearLayer _down;
        private readonly Func<Tensor, Tensor> _activation;

        public Mlp(Qwen3Config config, LayerFactory layers) : base(nameof(Mlp))
        {
            _activation = Activations.ByName(config.HiddenAct);
            _gate = layers.Linear(config.HiddenSize, config.IntermediateSize, bias: false);
            _up = layers.Linear(config.HiddenSize, config.IntermediateSize, bias: false);
            _down = layers.Linear(config.IntermediateSize, config.HiddenSize, bias: false);
            RegisterComponents();
        }

        public Tensor AddTo(Tensor residual, Tensor input)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor hidden = _gate.call(input).Activate(_activation).Into(x => x * _up.call(input));
            return _down.AddTo(residual, hidden).MoveToOuterDisposeScope();
        }
    }
}
