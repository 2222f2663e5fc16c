using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// A low-rank addition to a layer's output, (α/rank)·B·A·x (Hu et al. 2021, equation 3). A begins at random and B at
/// zero, so that the network begins as it was.
/// </summary>
internal sealed class LoraAdapter : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "lora_A")] private readonly nn.Module<Tensor, Tensor> _down;
    [ComponentName(Name = "lora_B")] private readonly nn.Module<Tensor, Tensor> _up;
    private readonly double _scale;

    /// <param name="layer">The layer it belongs to, linear or a convolution.</param>
    /// <param name="rank">Inner dimension.</param>
    /// <param name="scale">α/rank.</param>
    /// <param name="generator">Source of its random start.</param>
    public LoraAdapter(nn.Module layer, int rank, double scale, Generator generator) : base(NativeModule.Create(nameof(LoraAdapter)), 0)
    {
        _scale = scale;
        LayerFactory layers = LayerFactory.Uninitialized(Weight(layer).device, ScalarType.Float32);
        long[] shape = Weight(layer).shape;
        if (shape.Length > 2)
        {
            (long stride, long padding) = Geometry(layer);
            _down = layers.Conv2d(shape[1], rank, shape[2], stride, padding, bias: false);
            _up = layers.Conv2d(rank, shape[0], 1, bias: false);
        }
        else
        {
            _down = layers.Linear(shape[1], rank, bias: false);
            _up = layers.Linear(rank, shape[0], bias: false);
        }

        RegisterComponents();
        // Uniform in ±1/√fan-in, as linear layers begin.
        double bound = 1 / Math.Sqrt(shape[1..].Aggregate(1.0, (product, n) => product * n));
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Down.copy_(rand(Down.shape, generator: generator).Multiply(2).Add(-1).Multiply(bound));
        Up.zero_().Dispose();
    }

    /// <summary>A, [rank, in] or [rank, in, kernel, kernel].</summary>
    public Tensor Down => Weight(_down);

    /// <summary>B, [out, rank] or [out, rank, 1, 1].</summary>
    public Tensor Up => Weight(_up);

    /// <summary>The term added to the layer's output.</summary>
    /// <param name="input">The layer's input.</param>
    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor low = _down.call(input.to(Down.dtype));
        return _up.call(low).Multiply(_scale).to(input.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Whether a layer can have an adapter: a layer of the library's networks, or TorchSharp's in a custom one.</summary>
    public static bool Fits(nn.Module layer) => layer is LinearLayer or Conv2dLayer or Linear or Conv2d { groups: 1 };

    private static Tensor Weight(nn.Module layer) => layer.named_parameters(recurse: false).First(p => p.name == "weight").parameter;

    private static (long Stride, long Padding) Geometry(nn.Module layer) => layer switch
    {
        Conv2dLayer convolution => (convolution.Stride, convolution.Padding),
        Conv2d { padding: { } padding } convolution => (Single(convolution.stride, "stride"), Single(padding, "padding")),
        _ => throw new NotSupportedException("A convolution padded by name cannot have an adapter."),
    };

    private static long Single(IReadOnlyList<long> values, string what) => values.Distinct().Count() == 1
        ? values[0]
        : throw new NotSupportedException(
            $"A convolution with {what} [{string.Join(", ", values)}] cannot have an adapter; expected one number both ways.");
}
