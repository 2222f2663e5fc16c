using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Sums of tensors, and arithmetic between tensors and numbers. TorchSharp's operators are unsafe for these: they turn a number
/// (also the factor 1 of a second summand) into a <see cref="Scalar"/>, hand its pointer to libtorch and drop the object, whose
/// finalizer may then free the number while libtorch reads it. Rarely, and mostly on a busy machine, the result is an exception
/// ("Unknown scalar type") or a wrong tensor. Here numbers live until the call returns.
/// </summary>
/// <remarks>
/// Names follow System.Numerics.Tensors. Methods return new tensors, which belong to the caller or the caller's
/// <see cref="DisposeScope"/>; those that end in <c>InPlace</c> change and return their first argument. Products, quotients
/// and differences of two tensors are safe as operators.
/// </remarks>
public static class TensorArithmetic
{
    private static readonly Scalar s_zero = 0.ToScalar(), s_one = 1.ToScalar(), s_two = 2.ToScalar();

    /// <summary>x + y.</summary>
    public static Tensor Add(this Tensor x, Tensor y) => x.add(y, s_one);

    /// <summary>x + y, in place.</summary>
    public static Tensor AddInPlace(this Tensor x, Tensor y) => x.add_(y, s_one);

    /// <summary>x + scale·y.</summary>
    public static Tensor Add(this Tensor x, Tensor y, double scale)
    {
        using Scalar held = scale.ToScalar();
        return x.add(y, held);
    }

    /// <summary>x + scale·y, in place.</summary>
    public static Tensor AddInPlace(this Tensor x, Tensor y, double scale)
    {
        using Scalar held = scale.ToScalar();
        return x.add_(y, held);
    }

    /// <summary>x + y.</summary>
    public static Tensor Add(this Tensor x, double y)
    {
        using Scalar held = y.ToScalar();
        return x.add(held, s_one);
    }

    /// <summary>x + y, in place.</summary>
    public static Tensor AddInPlace(this Tensor x, double y)
    {
        using Scalar held = y.ToScalar();
        return x.add_(held, s_one);
    }

    /// <summary>x + y·z, rounded once where the hardware can.</summary>
    public static Tensor AddProduct(this Tensor x, Tensor y, Tensor z) => x.addcmul(y, z, s_one);

    /// <summary>x + y·z, in place, rounded once where the hardware can.</summary>
    public static Tensor AddProductInPlace(this Tensor x, Tensor y, Tensor z) => x.addcmul_(y, z, s_one);

    /// <summary>x with each row of y added to the row at its index.</summary>
    public static Tensor AddRows(this Tensor x, Tensor index, Tensor y) => x.index_add(0, index, y, s_one);

    /// <summary>x − y.</summary>
    public static Tensor Subtract(this Tensor x, double y) => x.Add(-y);

    /// <summary>number − x.</summary>
    public static Tensor SubtractFrom(this Tensor x, double number)
    {
        using Tensor negative = x.negative();
        return negative.Add(number);
    }

    /// <summary>x·y.</summary>
    public static Tensor Multiply(this Tensor x, double y)
    {
        using Scalar held = y.ToScalar();
        return x.mul(held);
    }

    /// <summary>x·y, in place.</summary>
    public static Tensor MultiplyInPlace(this Tensor x, double y)
    {
        using Scalar held = y.ToScalar();
        return x.mul_(held);
    }

    /// <summary>x / y.</summary>
    public static Tensor Divide(this Tensor x, double y)
    {
        using Scalar held = y.ToScalar();
        return x.div(held);
    }

    /// <summary>x / y, in place.</summary>
    public static Tensor DivideInPlace(this Tensor x, double y)
    {
        using Scalar held = y.ToScalar();
        return x.div_(held);
    }

    /// <summary>x².</summary>
    public static Tensor Square(this Tensor x) => x.pow(s_two);

    /// <summary>x to the power of y.</summary>
    public static Tensor Pow(this Tensor x, double y)
    {
        using Scalar held = y.ToScalar();
        return x.pow(held);
    }

    /// <summary>Fills x with a value, in place.</summary>
    public static Tensor FillInPlace(this Tensor x, double value)
    {
        using Scalar held = value.ToScalar();
        return x.fill_(held);
    }

    /// <summary>x with values limited to [min, max].</summary>
    public static Tensor Clamp(this Tensor x, double min, double max)
    {
        using Scalar low = min.ToScalar(), high = max.ToScalar();
        return x.clamp(low, high);
    }

    /// <summary>x with values limited to [min, max]; integers stay integers.</summary>
    public static Tensor Clamp(this Tensor x, long min, long max)
    {
        using Scalar low = min.ToScalar(), high = max.ToScalar();
        return x.clamp(low, high);
    }

    /// <summary>x with values of at least min.</summary>
    public static Tensor ClampMin(this Tensor x, double min)
    {
        using Scalar held = min.ToScalar();
        return x.clamp_min(held);
    }

    /// <summary>x where it is positive, slope·x elsewhere.</summary>
    public static Tensor LeakyRelu(this Tensor x, double slope)
    {
        using Scalar held = slope.ToScalar();
        return x.leaky_relu(held);
    }

    /// <summary>x where it is positive, slope·x elsewhere, in place.</summary>
    public static Tensor LeakyReluInPlace(this Tensor x, double slope)
    {
        using Scalar held = slope.ToScalar();
        return x.leaky_relu_(held);
    }

    /// <summary>Where x equals y, as booleans.</summary>
    public static Tensor EqualTo(this Tensor x, long y)
    {
        using Scalar held = y.ToScalar();
        return x.eq(held);
    }

    /// <summary>Where x is less than y, as booleans.</summary>
    public static Tensor LessThan(this Tensor x, double y)
    {
        using Scalar held = y.ToScalar();
        return x.lt(held);
    }

    /// <summary>Where x is less than or equal to y, as booleans.</summary>
    public static Tensor LessThanOrEqual(this Tensor x, double y)
    {
        using Scalar held = y.ToScalar();
        return x.le(held);
    }

    /// <summary>Where x is greater than y, as booleans.</summary>
    public static Tensor GreaterThan(this Tensor x, double y)
    {
        using Scalar held = y.ToScalar();
        return x.gt(held);
    }

    /// <summary>0, 1, 2 and so on, [count].</summary>
    public static Tensor Range(long count, ScalarType type, Device device)
    {
        using Scalar stop = count.ToScalar();
        return arange(s_zero, stop, s_one, dtype: type, device: device);
    }
}
