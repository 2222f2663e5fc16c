using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Every kind of adapter against arithmetic element by element, for linear layers and convolutions.</summary>
public sealed class AdapterKindTests : AdapterFixture
{
    public static TheoryData<string, double, double?> Layers => new()
    {
        { "linear", 1, null }, { "linear", 0.7, 3 }, { "linear", -0.4, 0.5 }, { "conv", 1, null }, { "conv", 0.7, 3 }, { "point", 0.7, 1 },
    };

    [Theory]
    [MemberData(nameof(Layers))]
    public void Lora(string layer, double scale, double? alpha)
    {
        Tensor up = Random(Out, 2), down = Random(2, In * Kernel(layer));
        bool matrix = layer == "linear";
        Dictionary<string, Tensor> tensors = new()
        {
            [$"lora_unet_{layer}.lora_up.weight"] = matrix ? up : up.reshape(Out, 2, 1, 1),
            [$"lora_unet_{layer}.lora_down.weight"] = down.reshape(Shape(layer, 2)),
        };
        Func<int, int, double> product = Product(up, down);
        AssertApplied(layer, scale, alpha, 2, tensors, product);

        // A further trained factor, and one in place of α/rank.
        tensors[$"lora_unet_{layer}.scalar"] = tensor(3f);
        AssertApplied(layer, scale, alpha, 2, tensors, (row, column) => 3 * product(row, column));
        tensors[$"lora_unet_{layer}.scale"] = tensor(0.25f);
        AssertClose(
            Changed($"{layer}.weight", scale, (row, column) => 0.75 * product(row, column)), Apply($"{layer}.weight", scale, tensors));
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public void Loha(string layer, double scale, double? alpha)
    {
        Tensor a1 = Random(Out, 3), b1 = Random(3, In * Kernel(layer)), a2 = Random(Out, 3), b2 = Random(3, In * Kernel(layer));
        (Func<int, int, double> first, Func<int, int, double> second) = (Product(a1, b1), Product(a2, b2));
        AssertApplied(layer, scale, alpha, 3, new()
        {
            [$"lora_unet_{layer}.hada_w1_a"] = a1, [$"lora_unet_{layer}.hada_w1_b"] = b1,
            [$"lora_unet_{layer}.hada_w2_a"] = a2, [$"lora_unet_{layer}.hada_w2_b"] = b2,
        }, (row, column) => first(row, column) * second(row, column));
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(0.3, 4.0)]
    public void Loha_with_kernels_between(double scale, double? alpha)
    {
        Tensor t1 = Random(2, 2, 3, 3), a1 = Random(2, Out), b1 = Random(2, In);
        Tensor t2 = Random(2, 2, 3, 3), a2 = Random(2, Out), b2 = Random(2, In);
        (Func<int, int, double> first, Func<int, int, double> second) = (Tucker(t1, a1, b1), Tucker(t2, a2, b2));
        AssertApplied("conv", scale, alpha, 2, new()
        {
            ["lora_unet_conv.hada_t1"] = t1, ["lora_unet_conv.hada_w1_a"] = a1, ["lora_unet_conv.hada_w1_b"] = b1,
            ["lora_unet_conv.hada_t2"] = t2, ["lora_unet_conv.hada_w2_a"] = a2, ["lora_unet_conv.hada_w2_b"] = b2,
        }, (row, column) => first(row, column) * second(row, column));
    }

    [Theory]
    [InlineData("linear", false, false)]
    [InlineData("linear", true, false)]
    [InlineData("linear", false, true)]
    [InlineData("linear", true, true)]
    [InlineData("conv", false, false)]
    [InlineData("conv", true, false)]
    [InlineData("conv", false, true)]
    [InlineData("conv", true, true)]
    [InlineData("point", true, false)]
    public void Lokr(string layer, bool factoredFirst, bool factoredSecond)
    {
        // [2, 2] ⊗ [3, 2·kernel]
        int rank = factoredSecond ? 3 : 1, columns = 2 * Kernel(layer);
        Dictionary<string, Tensor> tensors = [];
        Func<int, int, double> first = Part("lokr_w1", factoredFirst, 2, 2, 1, null);
        Func<int, int, double> second = Part("lokr_w2", factoredSecond, 3, columns, 3, layer == "conv" ? [3, 2, 3, 3] : null);
        double[] expected = Changed($"{layer}.weight", 0.6, Delta(1));
        AssertClose(expected, Apply($"{layer}.weight", 0.6, tensors));
        tensors[$"lora_unet_{layer}.alpha"] = tensor(0.5f);
        // Without factors, the strength is not used.
        double factor = factoredFirst || factoredSecond ? 0.5 / rank : 1;
        AssertClose(Changed($"{layer}.weight", 0.6, Delta(factor)), Apply($"{layer}.weight", 0.6, tensors));

        Func<int, int, double> Delta(double factor) =>
            (row, column) => factor * first(row / 3, column / columns) * second(row % 3, column % columns);

        Func<int, int, double> Part(string name, bool factored, int rows, int columns, int rank, long[]? shape)
        {
            Tensor whole = Random(rows, columns), a = Random(rows, rank), b = Random(rank, columns);
            if (factored) (tensors[$"lora_unet_{layer}.{name}_a"], tensors[$"lora_unet_{layer}.{name}_b"]) = (a, b);
            else tensors[$"lora_unet_{layer}.{name}"] = shape is null ? whole : whole.reshape(shape);
            return factored ? Product(a, b) : Matrix(whole);
        }
    }

    [Fact]
    public void Lokr_with_a_kernel_between()
    {
        Tensor first = Random(2, 2), kernel = Random(2, 2, 3, 3), a = Random(2, 3), b = Random(2, 2);
        (Func<int, int, double> left, Func<int, int, double> right) = (Matrix(first), Tucker(kernel, a, b));
        AssertApplied("conv", 0.8, 6, 2, new()
        {
            ["lora_unet_conv.lokr_w1"] = first, ["lora_unet_conv.lokr_t2"] = kernel,
            ["lora_unet_conv.lokr_w2_a"] = a, ["lora_unet_conv.lokr_w2_b"] = b,
        }, (row, column) => left(row / 3, column / 18) * right(row % 3, column % 18));
    }

    [Theory]
    [InlineData("linear", "dora_scale", true)]
    [InlineData("linear", "dora_scale", false)]
    [InlineData("linear", "lora_magnitude_vector", true)]
    [InlineData("linear", "lora_magnitude_vector.default.weight", true)]
    [InlineData("conv", "dora_scale", true)]
    [InlineData("conv", "dora_scale", false)]
    [InlineData("conv", "lora_magnitude_vector.weight", true)]
    public void Dora(string layer, string role, bool ofRows)
    {
        Tensor up = Random(Out, 2), down = Random(2, In * Kernel(layer)), lengths = Random(ofRows ? Out : In);
        Dictionary<string, Tensor> tensors = new()
        {
            [$"lora_unet_{layer}.lora_up.weight"] = layer == "linear" ? up : up.reshape(Out, 2, 1, 1),
            [$"lora_unet_{layer}.lora_down.weight"] = down.reshape(Shape(layer, 2)), [$"lora_unet_{layer}.alpha"] = tensor(3f),
            [$"lora_unet_{layer}.{role}"] = (layer, role[..4], ofRows) switch
            {
                ("linear", "dora", true) => lengths.reshape(Out, 1),
                ("linear", "dora", false) => lengths.reshape(1, In),
                ("conv", "dora", true) => lengths.reshape(Out, 1, 1, 1),
                ("conv", "dora", false) => lengths.reshape(1, In, 1, 1),
                // peft has convolutions' lengths so.
                ("conv", _, _) => lengths.reshape(1, Out, 1, 1),
                _ => lengths,
            },
        };
        AssertDecomposed(layer, ofRows, lengths, Product(up, down), 3.0 / 2, tensors);
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("conv")]
    public void Dora_of_loha_and_lokr(string layer)
    {
        int columns = In * Kernel(layer);
        Tensor a1 = Random(Out, 2), b1 = Random(2, columns), a2 = Random(Out, 2), b2 = Random(2, columns), lengths = Random(Out);
        (Func<int, int, double> first, Func<int, int, double> second) = (Product(a1, b1), Product(a2, b2));
        AssertDecomposed(layer, true, lengths, (row, column) => first(row, column) * second(row, column), 1, new()
        {
            [$"lora_unet_{layer}.hada_w1_a"] = a1, [$"lora_unet_{layer}.hada_w1_b"] = b1,
            [$"lora_unet_{layer}.hada_w2_a"] = a2, [$"lora_unet_{layer}.hada_w2_b"] = b2,
            [$"lora_unet_{layer}.dora_scale"] = lengths.reshape([Out, 1, .. Weights[$"{layer}.weight"].shape[2..].Select(_ => 1L)]),
        });
        Tensor left = Random(2, 2), right = Random(3, columns / 2);
        (Func<int, int, double> one, Func<int, int, double> two) = (Matrix(left), Matrix(right));
        AssertDecomposed(
            layer, true, lengths, (row, column) => one(row / 3, column / (columns / 2)) * two(row % 3, column % (columns / 2)), 1, new()
            {
                [$"lora_unet_{layer}.lokr_w1"] = left, [$"lora_unet_{layer}.lokr_w2"] = right,
                [$"lora_unet_{layer}.dora_scale"] = lengths,
            });
    }

    [Theory]
    [InlineData("linear", null, false)]
    [InlineData("linear", 0.01, true)]
    [InlineData("linear", 0.0, false)]
    [InlineData("conv", null, true)]
    [InlineData("conv", 100.0, false)]
    [InlineData("point", 0.05, false)]
    public void Oft(string layer, double? alpha, bool rescaled)
    {
        Tensor blocks = Random(3, 2, 2) * 0.3, rescale = Random(Out);
        Dictionary<string, Tensor> tensors = new() { [$"lora_unet_{layer}.oft_blocks"] = blocks };
        if (alpha is not null) tensors[$"lora_unet_{layer}.alpha"] = tensor((float)alpha);
        if (rescaled)
            tensors[$"lora_unet_{layer}.rescale"] = rescale.reshape([Out, .. Weights[$"{layer}.weight"].shape[1..].Select(_ => 1L)]);

        // Q of a block of two is [0, q; −q, 0], whose Cayley transform turns by 2·atan q.
        double[] values = Values(blocks);
        double[] skew = [.. Enumerable.Range(0, 3).Select(k => values[(4 * k) + 1] - values[(4 * k) + 2])];
        double norm = Math.Sqrt(skew.Sum(q => 2 * q * q)), bound = (alpha ?? 0) * Out;
        if (bound > 0 && norm > bound) skew = [.. skew.Select(q => q * bound / norm)];
        AssertRotated(layer, tensors, rescaled ? Values(rescale) : null, [.. skew.Select(q => 2 * Math.Atan(q))]);
    }

    [Fact]
    public void Oft_of_older_files_has_the_rotations()
    {
        double[] angles = [0.3, -1.2, 2];
        Tensor rotations = tensor(
            angles.SelectMany(angle => new[]
            {
                (float)Math.Cos(angle), (float)Math.Sin(angle), -(float)Math.Sin(angle), (float)Math.Cos(angle),
            }).ToArray()).reshape(3, 2, 2);
        AssertRotated("linear", new() { ["lora_unet_linear.oft_diag"] = rotations }, null, angles);
    }

    [Theory]
    [InlineData("linear", true)]
    [InlineData("linear", false)]
    [InlineData("conv", true)]
    [InlineData("conv", false)]
    public void Ia3(string layer, bool onInput)
    {
        int count = onInput ? In : Out;
        Tensor factors = Random(count);
        double[] w = Values(factors);
        Func<int, int, double> weight = Matrix(Weights[$"{layer}.weight"]);
        AssertClose(
            Changed($"{layer}.weight", 0.5, (row, column) => weight(row, column) * w[onInput ? column / Kernel(layer) : row]),
            Apply($"{layer}.weight", 0.5, new()
            {
                [$"lora_unet_{layer}.weight"] = layer == "conv" ? factors.reshape(1, count, 1, 1) : factors,
                [$"lora_unet_{layer}.on_input"] = onInput ? tensor(1L) : tensor(false),
            }));
    }

    [Theory]
    [InlineData("linear.weight", "diff")]
    [InlineData("linear.bias", "diff_b")]
    [InlineData("conv.weight", "diff")]
    [InlineData("conv.bias", "diff_b")]
    [InlineData("point.weight", "diff")]
    [InlineData("norm.weight", "w_norm")]
    [InlineData("norm.bias", "b_norm")]
    public void Full_differences(string parameter, string role)
    {
        Tensor difference = Random(Weights[parameter].shape);
        double[] values = Values(difference);
        int columns = values.Length / Out;
        Dictionary<string, Tensor> tensors = new() { [$"lora_unet_{parameter.Split('.')[0]}.{role}"] = difference };
        double[] expected = Changed(parameter, -0.7, (row, column) => values[(row * columns) + column]);
        AssertClose(expected, Apply(parameter, -0.7, tensors));
        // A strength in the file means nothing here.
        tensors[$"lora_unet_{parameter.Split('.')[0]}.alpha"] = tensor(8f);
        AssertClose(expected, Apply(parameter, -0.7, tensors));
    }

    private static int Kernel(string layer) => layer == "conv" ? 9 : 1;

    private long[] Shape(string layer, long rows) => [rows, .. Weights[$"{layer}.weight"].shape[1..]];

    private void AssertApplied(
        string layer, double scale, double? alpha, int rank, Dictionary<string, Tensor> tensors, Func<int, int, double> product)
    {
        if (alpha is not null) tensors[$"lora_unet_{layer}.alpha"] = tensor((float)alpha);
        double factor = (alpha ?? rank) / rank;
        AssertClose(
            Changed($"{layer}.weight", scale, (row, column) => factor * product(row, column)), Apply($"{layer}.weight", scale, tensors));
    }

    private void AssertDecomposed(
        string layer, bool ofRows, Tensor lengths, Func<int, int, double> product, double factor, Dictionary<string, Tensor> tensors)
    {
        int columns = In * Kernel(layer);
        Func<int, int, double> weight = Matrix(Weights[$"{layer}.weight"]);
        double Sum(int row, int column) => weight(row, column) + (factor * product(row, column));
        int Line(int row, int column) => ofRows ? row : column / Kernel(layer);
        double[] trained = Values(lengths), norms = new double[trained.Length];
        for (int row = 0; row < Out; row++)
            for (int column = 0; column < columns; column++) norms[Line(row, column)] += Math.Pow(Sum(row, column), 2);
        foreach (double scale in new[] { 1, 0.4 })
        {
            AssertClose(
                Changed($"{layer}.weight", scale, (row, column) =>
                {
                    int line = Line(row, column);
                    return (trained[line] * Sum(row, column) / Math.Sqrt(norms[line])) - weight(row, column);
                }),
                Apply($"{layer}.weight", scale, tensors));
        }
    }

    private void AssertRotated(string layer, Dictionary<string, Tensor> tensors, double[]? rescale, double[] angles)
    {
        Func<int, int, double> weight = Matrix(Weights[$"{layer}.weight"]);
        foreach (double scale in new[] { 1, 0.4 })
        {
            AssertClose(
                Changed($"{layer}.weight", scale, (row, column) =>
                {
                    // R = [cos, sin; −sin, cos]; a new row m is the sum over n of R[n, m] and row n.
                    int block = row / 2;
                    (double sin, double cos) = Math.SinCos(angles[block]);
                    double first = weight(2 * block, column), second = weight((2 * block) + 1, column);
                    double rotated = row % 2 == 0 ? (cos * first) - (sin * second) : (sin * first) + (cos * second);
                    return (rotated * (rescale?[row] ?? 1)) - weight(row, column);
                }),
                Apply($"{layer}.weight", scale, tensors));
        }
    }
}
