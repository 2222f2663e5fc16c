using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A spatial transformer: feature maps as sequences of pixels that attend to each other and to the text (Rombach et al. 2022, appendix E.2.1).</summary>
internal sealed class Transformer2DModel : nn.Module<Tensor, Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "norm")] private readonly GroupNorm _norm;
    [ComponentName(Name = "proj_in")] private readonly nn.Module<Tensor, Tensor> _projectIn;
    [ComponentName(Name = "transformer_blocks")] private readonly ModuleList<BasicTransformerBlock> _blocks = [];
    [ComponentName(Name = "proj_out")] private readonly nn.Module<Tensor, Tensor> _projectOut;
    private readonly bool _linearProjection;

    public Transformer2DModel(
        long channels, int heads, int layers, long contextChannels, int groups, bool linearProjection,
        bool onlyCrossAttention = false, double dropout = 0)
        : base(nameof(Transformer2DModel))
    {
        _linearProjection = linearProjection;
        int headChannels = (int)(channels / heads);
        long inner = (long)heads * headChannels;
        _norm = Normalization.Group(groups, channels, 1e-6);
        _projectIn = linearProjection ? nn.Linear(channels, inner) : nn.Conv2d(channels, inner, 1);
        for (int i = 0; i < layers; i++)
            _blocks.Add(new BasicTransformerBlock(inner, heads, headChannels, contextChannels, onlyCrossAttention, dropout));
        _projectOut = linearProjection ? nn.Linear(inner, channels) : nn.Conv2d(inner, channels, 1);
        RegisterComponents();
    }

    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="context">[batch, tokens, context width].</param>
    /// <param name="contextBias">Added to the logits of attention to the context; null for none.</param>
    public override Tensor forward(Tensor input, Tensor context, Tensor? contextBias)
    {
        using DisposeScope scope = NewDisposeScope();
        long batch = input.shape[0], height = input.shape[2], width = input.shape[3];
        Tensor hidden = _norm.call(input);
        if (!_linearProjection) hidden = _projectIn.call(hidden);
        hidden = hidden.flatten(2).transpose(1, 2);
        if (_linearProjection) hidden = _projectIn.call(hidden);

        foreach (BasicTransformerBlock block in _blocks) hidden = block.call(hidden, context, contextBias);

        if (_linearProjection) hidden = _projectOut.call(hidden);
        hidden = hidden.transpose(1, 2).reshape(batch, -1, height, width);
        if (!_linearProjection) hidden = _projectOut.call(hidden);
        return (hidden + input).MoveToOuterDisposeScope();
    }
}
