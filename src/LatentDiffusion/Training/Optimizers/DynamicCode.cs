using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The 256 values that an 8-bit number of a block stands for, relative to the largest of the block: a dynamic tree (Dettmers et al. 2022,
/// section 1.3). Zeros before the first set bit are a power of ten, and the bits after it a fraction, so that small numbers keep a relative
/// precision and large ones have more of it.
/// </summary>
internal sealed class DynamicCode : IDisposable
{
    private const int Exponents = 7;

    // Blocks of zeros are divided by it.
    private const double SmallestScale = 1e-37;

    private readonly Tensor _values, _boundaries;
    private readonly long? _smallest;

    private DynamicCode(double[] values, bool isSigned, Device device)
    {
        // Between two values the nearer one is taken.
        double[] boundaries = [.. values.Zip(values.Skip(1), (a, b) => (a + b) / 2)];
        _values = tensor(Array.ConvertAll(values, v => (float)v), device: device).DetachFromDisposeScope();
        _boundaries = tensor(Array.ConvertAll(boundaries, v => (float)v), device: device).DetachFromDisposeScope();
        _smallest = isSigned ? null : 1;
    }

    /// <summary>Values from −1 to 1, for first moments.</summary>
    public static DynamicCode Signed(Device device)
    {
        double[] positive = Values(fractionBits: 0);
        return new DynamicCode([.. positive.Select(v => -v).Reverse(), 0, .. positive, 1], isSigned: true, device);
    }

    /// <summary>Values from 0 to 1, for second moments.</summary>
    public static DynamicCode Unsigned(Device device) => new([0, .. Values(fractionBits: 1), 1], isSigned: false, device);

    /// <summary>Encodes blocks.</summary>
    /// <param name="values">[blocks, length], float32.</param>
    /// <param name="codes">Receives the codes, uint8, [blocks, length].</param>
    /// <param name="scales">Receives the largest absolute value of each block, float32, [blocks].</param>
    /// <remarks>
    /// A second moment above zero never becomes zero, which would divide by the optimizer's ε only: it is rounded up to the smallest value.
    /// </remarks>
    public void Encode(Tensor values, Tensor codes, Tensor scales)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor largest = values.abs().amax([1]);
        Tensor found = bucketize(values / largest.ClampMin(SmallestScale).unsqueeze(1), _boundaries, outInt32: true);
        if (_smallest is { } smallest) found = found.ClampMin(smallest).mul(values.ne(zeros_like(values)));
        codes.copy_(found);
        scales.copy_(largest);
    }

    /// <summary>The values of codes, float32, [blocks, length], in the current dispose scope.</summary>
    public Tensor Decode(Tensor codes, Tensor scales)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor values = _values.index_select(0, codes.flatten().to(ScalarType.Int32)).view(codes.shape);
        return values.mul_(scales.unsqueeze(1)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _values.Dispose();
        _boundaries.Dispose();
    }

    // With each power of ten there are twice as many fractions, which divide [0.1, 1] evenly.
    private static double[] Values(int fractionBits) =>
    [
        .. from exponent in Enumerable.Range(0, Exponents)
           let count = 1 << (exponent + fractionBits)
           from i in Enumerable.Range(0, count)
           select Math.Pow(10, exponent - (Exponents - 1)) * (0.1 + 0.9 * (i + 0.5) / count),
    ];
}
