using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A spatial transformer: feature maps as sequences of pixels that attend to each other and to the text (Rombach et al. 2022, appendix
/// E.2.1).
/// </summary>
internal sealed class Transformer2DModel : nn.Module<Tensor, TextContext, Tensor>
{
    // The published network has no option for it.
    private const double NormEps = 1e-6;

    [ComponentName(Name = "norm")] private readonly GroupNormLayer _norm;
    [ComponentName(Name = "proj_in")] private readonly nn.Module<Tensor, Tensor> _projectIn;
    [ComponentName(Name = "transformer_blocks")] private readonly LayerList<BasicTransformerBlock> _blocks = [];
    [ComponentName(Name = "proj_out")] private readonly nn.Module<Tensor, Tensor> _projectOut;
    private readonly bool _linearProjection, _drops;

    public Transformer2DModel(LayerFactory layers, long channels, int depth, TransformerOptions options)
        : base(NativeModule.Create(nameof(Transformer2DModel)), 0)
    {
        (_linearProjection, _drops) = (options.LinearProjection, options.Dropout > 0);
        long inner = channels / options.Heads * options.Heads;
        _norm = layers.GroupNorm(options.Groups, channels, NormEps);
        _projectIn = _linearProjection ? layers.Linear(channels, inner) : layers.Conv2d(channels, inner, 1);
        for (int i = 0; i < depth; i++) _blocks.Add(new BasicTransformerBlock(layers, inner, options));
        _projectOut = _linearProjection ? layers.Linear(inner, channels) : layers.Conv2d(inner, channels, 1);
        RegisterComponents();
    }

    /// <inheritdoc cref="ResnetBlock2D.Recomputes"/>
    public bool Recomputes { get; set; }

    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="context">The text.</param>
    public override Tensor forward(Tensor input, TextContext context)
    {
        // Recomputation gives gradients to the image and the text only.
        if (!Recomputes || context.State?.Edits is not null) return Compute(input, context);
        return context.Bias is null
            ? GradientCheckpoint.Run(inputs => Compute(inputs[0], context with { Text = inputs[1] }), _drops, input, context.Text)
            : GradientCheckpoint.Run(
                inputs => Compute(inputs[0], context with { Text = inputs[1], Bias = inputs[2] }),
                _drops, input, context.Text, context.Bias);
    }

    private Tensor Compute(Tensor input, TextContext context)
    {
        using DisposeScope scope = NewDisposeScope();
        long batch = input.shape[0], height = input.shape[2], width = input.shape[3];
        context = context with { Size = (height, width) };
        if (IsFusable(input)) return ComputeFused(input, context).MoveToOuterDisposeScope();
        Tensor hidden = _projectIn is PackedLayer next ? _norm.CallBefore(next, input) : _norm.call(input);
        if (!_linearProjection) hidden = hidden.Into(_projectIn.call);
        hidden = hidden.flatten(2).transpose(1, 2);
        if (_linearProjection) hidden = hidden.Into(_projectIn.call);

        foreach (BasicTransformerBlock block in _blocks) hidden = hidden.Into(x => block.call(x, context));

        if (_linearProjection) hidden = hidden.Into(_projectOut.call);
        batch = hidden.shape[0];
        input = context.Repeated(input);
        hidden = hidden.transpose(1, 2).reshape(batch, -1, height, width);
        if (_projectOut is Conv2dLayer convolution) return hidden.Into(x => convolution.AddTo(() => input, x)).MoveToOuterDisposeScope();
        return hidden.Add(input).MoveToOuterDisposeScope();
    }

    private bool IsFusable(Tensor map) => !_norm.HasHooks && (_projectIn, _projectOut) switch
    {
        (Conv2dLayer projectIn, Conv2dLayer projectOut) => projectIn.FusesWith(map) && projectOut.FusesWith(map),
        (LinearLayer projectIn, LinearLayer projectOut) => projectIn.IsFusable && projectOut.IsFusable,
        _ => false,
    };

    private Tensor ComputeFused(Tensor input, TextContext context)
    {
        Tensor hidden;
        using (SharedTensors.Use packed = Pack(_projectIn, input))
            hidden = CpuOperators.ProjectIn(input, _norm, packed.Tensors[0], Bias(_projectIn), _linearProjection);
        foreach (BasicTransformerBlock block in _blocks) hidden = hidden.Into(x => block.call(x, context));
        input = context.Repeated(input);
        using (SharedTensors.Use packed = Pack(_projectOut, input))
            return CpuOperators.ProjectOut(hidden, input, packed.Tensors[0], Bias(_projectOut), _linearProjection);
    }

    private static SharedTensors.Use Pack(nn.Module layer, Tensor map)
    {
        if (layer is Conv2dLayer convolution) return convolution.Pack(map);
        using Tensor pixels = map.flatten(2), rows = pixels.transpose(1, 2);
        return ((LinearLayer)layer).Pack(rows);
    }

    private static Tensor Bias(nn.Module layer) => (layer is Conv2dLayer convolution ? convolution.Bias : ((LinearLayer)layer).Bias)!;
}
