using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The layers of T5's encoder and the final normalisation: what stands under <c>encoder</c> in the published files.</summary>
internal sealed class T5Encoder : nn.Module<Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "block")] private readonly LayerList<T5Block> _blocks = [];
    [ComponentName(Name = "final_layer_norm")] private readonly RmsNormLayer _finalNorm;

    public T5Encoder(T5Config config, LayerFactory layers) : base(NativeModule.Create(nameof(T5Encoder)), 0)
    {
        for (int i = 0; i < config.NumLayers; i++) _blocks.Add(new T5Block(config, layers, hasPositions: i == 0));
        _finalNorm = layers.RmsNorm(config.DModel, config.LayerNormEpsilon);
        RegisterComponents();
    }

    /// <param name="hidden">Embeddings, [batch, tokens, width].</param>
    /// <param name="mask">1 for tokens that may be attended to, [batch, tokens]; null for all.</param>
    public override Tensor forward(Tensor hidden, Tensor? mask)
    {
        using DisposeScope scope = NewDisposeScope();
        return Run(hidden, mask).Into(_finalNorm.call).MoveToOuterDisposeScope();
    }

    /// <summary>The output of the first layers, not normalised.</summary>
    public Tensor Run(Tensor hidden, Tensor? mask, int layers = int.MaxValue)
    {
        using DisposeScope scope = NewDisposeScope();
        // Only the first block has a table of distances; all add its result, and the mask's.
        Tensor bias = _blocks[0].PositionBias(hidden.shape[1]);
        if (mask is not null) bias = bias.Add(AttentionMask.Bias(mask, bias.dtype));
        foreach (T5Block block in _blocks.Take(layers))
        {
            Tensor input = hidden;
            hidden = block.call(input, bias);
            input.Dispose();
        }

        return hidden.MoveToOuterDisposeScope();
    }
}
