using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>One layer of T5's encoder: self-attention and a feed-forward, each normalised before and added to its input.</summary>
internal sealed class T5Block : nn.Module<Tensor, Tensor, Tensor>
{
    /// <summary>A little less than the largest number of float16, which the activations of large encoders exceed.</summary>
    private const double LargestHalf = 64504;

    [ComponentName(Name = "layer")] private readonly Layers _layers;

    public T5Block(T5Config config, LayerFactory layers, bool hasPositions) : base(NativeModule.Create(nameof(T5Block)), 0)
    {
        _layers = new Layers(config, layers, hasPositions);
        RegisterComponents();
    }

    /// <summary>What the distances between tokens add to the logits of all blocks, [1, heads, tokens, tokens].</summary>
    public Tensor PositionBias(long tokens) => _layers.Attention.SelfAttention.PositionBias(tokens);

    /// <param name="hidden">[batch, tokens, width].</param>
    /// <param name="bias">Added to the logits, [1 or batch, heads, tokens, tokens].</param>
    public override Tensor forward(Tensor hidden, Tensor bias)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = Finite(_layers.Attention.AddTo(hidden, bias));
        return Finite(_layers.FeedForward.AddTo(attended)).MoveToOuterDisposeScope();
    }

    private static Tensor Finite(Tensor hidden) =>
        hidden.dtype == ScalarType.Float16 ? hidden.Into(x => x.Clamp(-LargestHalf, LargestHalf)) : hidden;

    /// <summary>The two layers, which are named by their index.</summary>
    private sealed class Layers : LayerGroup
    {
        [ComponentName(Name = "0")] private readonly T5AttentionLayer _attention;
        [ComponentName(Name = "1")] private readonly T5FeedForwardLayer _feedForward;

        public Layers(T5Config config, LayerFactory layers, bool hasPositions) : base(nameof(Layers))
        {
            _attention = new T5AttentionLayer(config, layers, hasPositions);
            _feedForward = new T5FeedForwardLayer(config, layers);
            RegisterComponents();
        }

        public T5AttentionLayer Attention => _attention;

        public T5FeedForwardLayer FeedForward => _feedForward;
    }
}
