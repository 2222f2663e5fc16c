using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// A text as one vector: its mean attends to its tokens and to itself, then is projected (Saharia et al. 2022, "Imagen",
/// section 2.4).
/// </summary>
internal sealed class PooledTextEmbedding : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "norm1")] private readonly LayerNormLayer _norm1;
    [ComponentName(Name = "pool")] private readonly AttentionPooling _pool;
    [ComponentName(Name = "proj")] private readonly LinearLayer _projection;
    [ComponentName(Name = "norm2")] private readonly LayerNormLayer _norm2;

    public PooledTextEmbedding(LayerFactory layers, long textChannels, long width, int heads)
        : base(NativeModule.Create(nameof(PooledTextEmbedding)), 0)
    {
        _norm1 = layers.LayerNorm(textChannels);
        _pool = new AttentionPooling(layers, textChannels, heads);
        _projection = layers.Linear(textChannels, width);
        _norm2 = layers.LayerNorm(width);
        RegisterComponents();
    }

    /// <param name="text">[batch, tokens, width].</param>
    public override Tensor forward(Tensor text) => _norm1.call(text).Into(_pool.call).Into(_projection.call).Into(_norm2.call);

    private sealed class AttentionPooling : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "positional_embedding")] private readonly Parameter _position;
        [ComponentName(Name = "k_proj")] private readonly LinearLayer _key;
        [ComponentName(Name = "q_proj")] private readonly LinearLayer _query;
        [ComponentName(Name = "v_proj")] private readonly LinearLayer _value;
        private readonly int _heads;

        public AttentionPooling(LayerFactory layers, long channels, int heads) : base(NativeModule.Create(nameof(AttentionPooling)), 0)
        {
            if (heads < 1 || channels % heads != 0)
                throw new ArgumentException($"addition_embed_type_num_heads is {heads}; it must divide the text's width, {channels}.");
            _heads = heads;
            _position = layers.Parameter(1 / Math.Sqrt(channels), 1, channels);
            _key = layers.Linear(channels, channels);
            _query = layers.Linear(channels, channels);
            _value = layers.Linear(channels, channels);
            RegisterComponents();
        }

        public override Tensor forward(Tensor text)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor mean = text.mean([1], keepdim: true).Add(_position);
            Tensor tokens = cat([mean, text], 1);
            Tensor pooled = AttentionHeads.Attend(_query.call(mean), _key.call(tokens), _value.call(tokens), _heads);
            return pooled.squeeze(1).MoveToOuterDisposeScope();
        }
    }
}
