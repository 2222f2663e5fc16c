using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// A transformer layer of a union ControlNet, of one token. As published its attention runs over the evaluations of a batch, which for one
/// image have equal tokens: each attends to itself, so that queries and keys have no effect and the values pass.
/// </summary>
internal sealed class UnionTransformerLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "attn")] private readonly ValueAttention _attention;
    [ComponentName(Name = "ln_1")] private readonly LayerNormLayer _norm1;
    [ComponentName(Name = "mlp")] private readonly Mlp _mlp;
    [ComponentName(Name = "ln_2")] private readonly LayerNormLayer _norm2;

    public UnionTransformerLayer(LayerFactory layers, int width) : base(NativeModule.Create(nameof(UnionTransformerLayer)), 0)
    {
        _attention = new ValueAttention(layers, width);
        _norm1 = layers.LayerNorm(width);
        _mlp = new Mlp(layers, width);
        _norm2 = layers.LayerNorm(width);
        RegisterComponents();
    }

    /// <param name="token">[batch, width].</param>
    public override Tensor forward(Tensor token)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = token.Add(_attention.call(_norm1.call(token)));
        return hidden.Add(_mlp.call(_norm2.call(hidden))).MoveToOuterDisposeScope();
    }

    private sealed class ValueAttention : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "in_proj_weight")] private readonly Parameter _weight;
        [ComponentName(Name = "in_proj_bias")] private readonly Parameter _bias;
        [ComponentName(Name = "out_proj")] private readonly LinearLayer _out;
        private readonly int _width;

        public ValueAttention(LayerFactory layers, int width) : base(NativeModule.Create(nameof(ValueAttention)), 0)
        {
            _width = width;
            // Queries, keys and values, one after the other.
            _weight = layers.Parameter(1 / Math.Sqrt(width), 3 * width, width);
            _bias = layers.Parameter(0, 3 * width);
            _out = layers.Linear(width, width);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor values = nn.functional.linear(input, _weight.narrow(0, 2 * _width, _width), _bias.narrow(0, 2 * _width, _width));
            return _out.call(values).MoveToOuterDisposeScope();
        }
    }

    private sealed class Mlp : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "c_fc")] private readonly LinearLayer _fc;
        [ComponentName(Name = "c_proj")] private readonly LinearLayer _projection;

        public Mlp(LayerFactory layers, int width) : base(NativeModule.Create(nameof(Mlp)), 0)
        {
            _fc = layers.Linear(width, 4 * width);
            _projection = layers.Linear(4 * width, width);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using DisposeScope scope = NewDisposeScope();
            return _projection.call(Activations.ByName("quick_gelu")(_fc.call(input))).MoveToOuterDisposeScope();
        }
    }
}
