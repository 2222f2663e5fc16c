using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Sums of tensors, and tensors with numbers. TorchSharp makes a <see cref="Scalar"/> of each number, the 1 in front of a
/// second summand among them, hands its pointer to libtorch and lets go of the object, whose finalizer may then free the
/// number while it is read: seldom, but on a busy machine seen, the result is an exception ("Unknown scalar type") or a wrong
/// tensor. Here numbers are held until the call is back.
/// </summary>
internal static class TensorArithmetic
{
    private static readonly Scalar s_zero = 0.ToScalar(), s_one = 1.ToScalar(), s_two = 2.ToScalar();

    extension(Tensor x)
    {
        /// <summary>x + other.</summary>
        public Tensor Plus(Tensor other) => x.add(other, s_one);

        /// <summary>x + other, in place.</summary>
        public Tensor Plus_(Tensor other) => x.add_(other, s_one);

        /// <summary>x + weight·other.</summary>
        public Tensor Plus(Tensor other, double weight)
        {
            using Scalar held = weight.ToScalar();
            return x.add(other, held);
        }

        /// <summary>x + weight·other, in place.</summary>
        public Tensor Plus_(Tensor other, double weight)
        {
            using Scalar held = weight.ToScalar();
            return x.add_(other, held);
        }

        /// <summary>x + one·other, rounded once where the hardware can.</summary>
        public Tensor PlusProduct(Tensor one, Tensor other) => x.addcmul(one, other, s_one);

        /// <summary>x + one·other, in place, rounded once where the hardware can.</summary>
        public Tensor PlusProduct_(Tensor one, Tensor other) => x.addcmul_(one, other, s_one);

        /// <summary>x with each row of other added to the row that its index says.</summary>
        public Tensor PlusRows(Tensor index, Tensor other) => x.index_add(0, index, other, s_one);

        /// <summary>x + number.</summary>
        public Tensor Plus(double number)
        {
            using Scalar held = number.ToScalar();
            return x.add(held, s_one);
        }

        /// <summary>x + number, in place.</summary>
        public Tensor Plus_(double number)
        {
            using Scalar held = number.ToScalar();
            return x.add_(held, s_one);
        }

        /// <summary>number − x.</summary>
        public Tensor SubtractedFrom(double number)
        {
            using Tensor negative = x.negative();
            return negative.Plus(number);
        }

        /// <summary>number·x.</summary>
        public Tensor Times(double number)
        {
            using Scalar held = number.ToScalar();
            return x.mul(held);
        }

        /// <summary>number·x, in place.</summary>
        public Tensor Times_(double number)
        {
            using Scalar held = number.ToScalar();
            return x.mul_(held);
        }

        /// <summary>x / number.</summary>
        public Tensor Over(double number)
        {
            using Scalar held = number.ToScalar();
            return x.div(held);
        }

        /// <summary>x / number, in place.</summary>
        public Tensor Over_(double number)
        {
            using Scalar held = number.ToScalar();
            return x.div_(held);
        }

        /// <summary>x².</summary>
        public Tensor Squared() => x.pow(s_two);

        /// <summary>x to the power of the exponent.</summary>
        public Tensor RaisedTo(double exponent)
        {
            using Scalar held = exponent.ToScalar();
            return x.pow(held);
        }

        /// <summary>The number everywhere, in place.</summary>
        public Tensor FilledWith_(double number)
        {
            using Scalar held = number.ToScalar();
            return x.fill_(held);
        }

        /// <summary>x with what is below or above brought to the bounds.</summary>
        public Tensor Clamped(double minimum, double maximum)
        {
            using Scalar low = minimum.ToScalar(), high = maximum.ToScalar();
            return x.clamp(low, high);
        }

        /// <summary>x with what is below or above brought to the bounds; integers stay integers.</summary>
        public Tensor Clamped(long minimum, long maximum)
        {
            using Scalar low = minimum.ToScalar(), high = maximum.ToScalar();
            return x.clamp(low, high);
        }

        /// <summary>x with what is below brought to the bound.</summary>
        public Tensor ClampedMin(double minimum)
        {
            using Scalar held = minimum.ToScalar();
            return x.clamp_min(held);
        }

        /// <summary>x, and where it is negative slope·x.</summary>
        public Tensor LeakyRelu(double slope)
        {
            using Scalar held = slope.ToScalar();
            return x.leaky_relu(held);
        }

        /// <summary>Where x is a number, as booleans.</summary>
        public Tensor EqualTo(long number)
        {
            using Scalar held = number.ToScalar();
            return x.eq(held);
        }

        /// <summary>Where x is less than a number, as booleans.</summary>
        public Tensor LessThan(double number)
        {
            using Scalar held = number.ToScalar();
            return x.lt(held);
        }

        /// <summary>Where x is a number or less, as booleans.</summary>
        public Tensor AtMost(double number)
        {
            using Scalar held = number.ToScalar();
            return x.le(held);
        }

        /// <summary>Where x is greater than a number, as booleans.</summary>
        public Tensor GreaterThan(double number)
        {
            using Scalar held = number.ToScalar();
            return x.gt(held);
        }
    }

    /// <summary>0, 1, 2 and so on.</summary>
    public static Tensor CountUp(long count, ScalarType type, Device device)
    {
        using Scalar stop = count.ToScalar();
        return arange(s_zero, stop, s_one, dtype: type, device: device);
    }
}
