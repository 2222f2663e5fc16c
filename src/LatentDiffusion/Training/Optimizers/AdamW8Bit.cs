using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// AdamW whose moments are kept in 8 bits (Dettmers et al. 2022, section 2): a block is decoded, changed in float32, and encoded again,
/// with a separate scale for each 256 values.
/// </summary>
internal sealed class AdamW8Bit : IFlatOptimizer
{
    private const long QuantizedBlock = 256;

    private readonly OptimizerOptions _options;
    private readonly DynamicCode _signed, _unsigned;
    private readonly Tensor _first, _firstScales, _second, _secondScales;
    private readonly Block[] _blocks;

    public AdamW8Bit(FlatParameters parameters, OptimizerOptions options)
    {
        _options = options;
        Device device = parameters.Values.device;
        (_signed, _unsigned) = (DynamicCode.Signed(device), DynamicCode.Unsigned(device));
        // Blocks of a component begin with a new scale, so that components have separate ones.
        long quantized = parameters.Groups.Sum(g => Quantized(g.Length));
        // With a scale of zero, every code stands for zero.
        (_first, _second) = (Codes(), Codes());
        (_firstScales, _secondScales) = (Scales(), Scales());
        _blocks = [.. Blocks(parameters)];

        Tensor Codes() => zeros([quantized, QuantizedBlock], ScalarType.Byte, device).DetachFromDisposeScope();

        Tensor Scales() => zeros([quantized], ScalarType.Float32, device).DetachFromDisposeScope();
    }

    public IReadOnlyList<KeyValuePair<string, Tensor>> State =>
    [
        new("first_moment", _first), new("first_moment_scales", _firstScales),
        new("second_moment", _second), new("second_moment_scales", _secondScales),
    ];

    /// <summary>Bytes of the state of a component with this many values: for each moment a byte per value and a scale per block.</summary>
    public static long StateBytes(long length) => 2 * Quantized(length) * (QuantizedBlock + sizeof(float));

    public void Step(long step, double learningRate)
    {
        using IDisposable noGrad = no_grad();
        double correction1 = 1 - Math.Pow(_options.Beta1, step), correction2 = 1 - Math.Pow(_options.Beta2, step);
        using Scalar beta1 = _options.Beta1.ToScalar(), beta2 = _options.Beta2.ToScalar();
        using Scalar fresh1 = (1 - _options.Beta1).ToScalar(), fresh2 = (1 - _options.Beta2).ToScalar();
        using Scalar root = Math.Sqrt(correction2).ToScalar();
        foreach (Block block in _blocks)
        {
            using DisposeScope scope = NewDisposeScope();
            double rateHere = block.RateFactor * learningRate;
            using Scalar kept = (1 - rateHere * _options.WeightDecay).ToScalar(), rate = (-rateHere / correction1).ToScalar();
            Tensor allFirst = _signed.Decode(block.First, block.FirstScales);
            Tensor allSecond = _unsigned.Decode(block.Second, block.SecondScales);
            Tensor first = allFirst.flatten().narrow(0, 0, block.Length), second = allSecond.flatten().narrow(0, 0, block.Length);
            first.mul_(beta1).add_(block.Gradient, alpha: fresh1);
            second.mul_(beta2).addcmul_(block.Gradient, block.Gradient, fresh2);
            Tensor denominator = second.sqrt().div_(root).AddInPlace(_options.Epsilon);
            if (_options.WeightDecay > 0) block.Values.mul_(kept);
            block.Values.addcdiv_(first, denominator, rate);
            _signed.Encode(allFirst, block.First, block.FirstScales);
            _unsigned.Encode(allSecond, block.Second, block.SecondScales);
        }
    }

    public void Dispose()
    {
        foreach (Block block in _blocks) block.Dispose();
        foreach ((_, Tensor tensor) in State) tensor.Dispose();
        _signed.Dispose();
        _unsigned.Dispose();
    }

    private static long Quantized(long length) => (length + QuantizedBlock - 1) / QuantizedBlock;

    private IEnumerable<Block> Blocks(FlatParameters parameters)
    {
        long offset = 0;
        foreach (FlatParameters.ComponentRange group in parameters.Groups)
        {
            double factor = _options.ComponentRates.GetValueOrDefault(group.Name, 1);
            foreach ((long start, long length) in FlatParameters.BlockRanges(parameters.Values.device, group.Length))
            {
                long at = offset + start / QuantizedBlock, count = Quantized(length);
                yield return new Block(
                    Part(parameters.Values, group.Offset + start, length), Part(parameters.Gradients, group.Offset + start, length),
                    Part(_first, at, count), Part(_firstScales, at, count), Part(_second, at, count), Part(_secondScales, at, count),
                    length, factor);
            }

            offset += Quantized(group.Length);
        }

        static Tensor Part(Tensor tensor, long start, long length) => tensor.narrow(0, start, length).DetachFromDisposeScope();
    }

    private sealed record Block(
        Tensor Values, Tensor Gradient, Tensor First, Tensor FirstScales, Tensor Second, Tensor SecondScales, long Length,
        double RateFactor) : IDisposable
    {
        public void Dispose()
        {
            foreach (Tensor tensor in (ReadOnlySpan<Tensor>)[Values, Gradient, First, FirstScales, Second, SecondScales]) tensor.Dispose();
        }
    }
}
