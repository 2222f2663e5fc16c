using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Abstractions;

public sealed class TensorArithmeticTests
{
    [Fact]
    public void Results_are_those_of_the_formulas()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = tensor(new[] { -1f, 0, 2 }), y = tensor(new[] { 3f, 4, 5 });
        Equal([2, 4, 7], x.Add(y));
        Equal([0.5f, 2, 4.5f], x.Add(y, 0.5));
        Equal([0.5f, 1.5f, 3.5f], x.Add(1.5));
        Equal([-4, 0, 12], x.AddProduct(x, y));
        Equal([-3, -2, 0], x.Subtract(2));
        Equal([3, 2, 0], x.SubtractFrom(2));
        Equal([-3, 0, 6], x.Multiply(3));
        Equal([-0.5f, 0, 1], x.Divide(2));
        Equal([1, 0, 4], x.Square());
        Equal([27, 64, 125], y.Pow(3));
        Equal([-0.5f, 0, 1], x.Clamp(-0.5, 1));
        Equal([0, 0, 2], x.ClampMin(0));
        Equal([-0.1f, 0, 2], x.LeakyRelu(0.1));
        Equal([0, 1, 0], x.EqualTo(0));
        Equal([1, 0, 0], x.LessThan(0));
        Equal([1, 1, 0], x.LessThanOrEqual(0));
        Equal([0, 0, 1], x.GreaterThan(0));
        Equal([3, 4, 5], x.AddRows(tensor(new long[] { 0, 1, 2 }), y).Add(x, -1));
        Equal([0, 1, 2], TensorArithmetic.Range(3, ScalarType.Int64, CPU));
        Assert.Equal([1L, 1, 2], x.to(ScalarType.Int64).Clamp(1L, 3L).data<long>().ToArray());

        // Nothing changed its arguments.
        Equal([-1, 0, 2], x);
        Equal([3, 4, 5], y);
    }

    [Fact]
    public void In_place_forms_change_and_return_their_first_argument()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor y = ones(3);
        foreach ((Func<Tensor, Tensor> change, float expected) in new (Func<Tensor, Tensor>, float)[]
        {
            (x => x.AddInPlace(y), 3), (x => x.AddInPlace(y, 3), 5), (x => x.AddInPlace(0.5), 2.5f), (x => x.AddProductInPlace(y, y), 3),
            (x => x.MultiplyInPlace(4), 8), (x => x.DivideInPlace(4), 0.5f), (x => x.FillInPlace(9), 9),
        })
        {
            Tensor x = full(3, 2f), result = change(x);
            Assert.Equal(x.Handle, result.Handle);
            Equal([expected, expected, expected], x);
        }
    }

    private static void Equal(float[] expected, Tensor actual) =>
        Assert.Equal(expected, actual.to(ScalarType.Float32).data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
}
