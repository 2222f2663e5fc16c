using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Adafactor without a first moment (Shazeer &amp; Stern 2018, algorithms 4 and 5) and with decoupled weight decay. The second moment of a
/// matrix is the product of the running means of its rows and columns. Works on blocks of rows, in the gradients' memory.
/// </summary>
internal sealed class Adafactor : IFlatOptimizer
{
    // ε₁, ε₂, the threshold d and the exponent of the decay, of the paper's section 8.
    private const double SquareFloor = 1e-30, ParameterFloor = 1e-3, Threshold = 1, DecayExponent = -0.8;

    private readonly OptimizerOptions _options;
    private readonly Tensor _rows, _columns, _others;
    private readonly Part[] _parts;

    public Adafactor(FlatParameters parameters, OptimizerOptions options)
    {
        _options = options;
        Device device = parameters.Values.device;
        (long Rows, long Columns)[] shapes = [.. parameters.Ranges.Select(r => Matrix(r.Shape))];
        long others = parameters.Ranges.Zip(shapes).Sum(p => p.Second.Rows == 0 ? p.First.Length : 0);
        (_rows, _columns, _others) = (State(shapes.Sum(s => s.Rows)), State(shapes.Sum(s => s.Columns)), State(others));
        _parts = [.. Parts(parameters, shapes)];

        Tensor State(long length) => zeros([length], ScalarType.Float32, device).DetachFromDisposeScope();
    }

    IReadOnlyList<KeyValuePair<string, Tensor>> IFlatOptimizer.State =>
        [.. All.Where(t => t.Value.numel() > 0)];

    private KeyValuePair<string, Tensor>[] All =>
        [new("row_moment", _rows), new("column_moment", _columns), new("second_moment", _others)];

    /// <summary>Rows and columns of a parameter as a matrix; none for a vector, whose second moment is kept as a whole.</summary>
    public static (long Rows, long Columns) Matrix(IReadOnlyList<long> shape)
    {
        if (shape.Count < 2) return (0, 0);
        long rows = shape[0], columns = shape.Skip(1).Aggregate(1L, (product, n) => product * n);
        return rows > 1 && columns > 1 ? (rows, columns) : (0, 0);
    }

    /// <summary>Bytes of a parameter's state.</summary>
    public static long StateBytes(long[] shape)
    {
        (long rows, long columns) = Matrix(shape);
        return sizeof(float) * (rows > 0 ? rows + columns : shape.Aggregate(1L, (product, n) => product * n));
    }

    public void Step(long step, double learningRate)
    {
        using IDisposable noGrad = no_grad();
        double decay = 1 - Math.Pow(step, DecayExponent);
        foreach (Part part in _parts)
        {
            using DisposeScope scope = NewDisposeScope();
            double size = part.Row is null ? UpdateVector(part, decay) : UpdateMatrix(part, decay);
            double rate = part.RateFactor * learningRate;
            if (_options.ScaleByParameter) rate *= Math.Max(ParameterFloor, RootMeanSquare(part.Values));
            if (_options.WeightDecay > 0) part.Values.MultiplyInPlace(1 - rate * _options.WeightDecay);
            // The gradients' memory has the update before it is bounded.
            part.Values.AddInPlace(part.Gradient, -rate / Math.Max(1, size / Threshold));
        }
    }

    public void Dispose()
    {
        foreach (Part part in _parts) part.Dispose();
        foreach ((_, Tensor tensor) in All) tensor.Dispose();
    }

    /// <summary>Replaces the gradients of a matrix by the update, and returns its root mean square.</summary>
    private static double UpdateMatrix(Part part, double decay)
    {
        (Tensor row, Tensor column) = (part.Row!, part.Column!);
        (long rows, long columns) = (row.shape[0], column.shape[0]);
        Tensor gradient = part.Gradient.view(rows, columns), sums = zeros_like(column);
        (long Start, long Length)[] blocks = [.. Rows(rows, columns, gradient.device)];
        row.MultiplyInPlace(decay);
        foreach ((long start, long length) in blocks)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor squares = gradient.narrow(0, start, length).Square().AddInPlace(SquareFloor);
            row.narrow(0, start, length).AddInPlace(squares.mean([1]), 1 - decay);
            sums.AddInPlace(squares.sum([0]));
        }

        column.MultiplyInPlace(decay).AddInPlace(sums, (1 - decay) / rows);
        Tensor byRow = (row / row.mean()).rsqrt().unsqueeze(1), byColumn = column.rsqrt();
        double total = 0;
        foreach ((long start, long length) in blocks)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor update = gradient.narrow(0, start, length).mul_(byRow.narrow(0, start, length)).mul_(byColumn);
            total += SumOfSquares(update);
        }

        return Math.Sqrt(total / (rows * columns));
    }

    /// <summary>The same for a vector.</summary>
    private static double UpdateVector(Part part, double decay)
    {
        Tensor second = part.Second!;
        second.MultiplyInPlace(decay).AddInPlace(part.Gradient.Square().AddInPlace(SquareFloor), 1 - decay);
        part.Gradient.mul_(second.rsqrt());
        return RootMeanSquare(part.Gradient);
    }

    private static double RootMeanSquare(Tensor tensor)
    {
        double total = 0;
        foreach ((long start, long length) in FlatParameters.BlockRanges(tensor.device, tensor.numel()))
        {
            using Tensor block = tensor.narrow(0, start, length);
            total += SumOfSquares(block);
        }

        return Math.Sqrt(total / tensor.numel());
    }

    private static double SumOfSquares(Tensor tensor)
    {
        using Tensor norm = tensor.norm();
        double value = norm.item<float>();
        return value * value;
    }

    private static IEnumerable<(long Start, long Length)> Rows(long rows, long columns, Device device)
    {
        long atATime = Math.Max(1, FlatParameters.BlockLength(device) / columns);
        for (long start = 0; start < rows; start += atATime) yield return (start, Math.Min(atATime, rows - start));
    }

    private IEnumerable<Part> Parts(FlatParameters parameters, (long Rows, long Columns)[] shapes)
    {
        long row = 0, column = 0, other = 0;
        foreach ((FlatParameters.ParameterRange range, (long rows, long columns)) in parameters.Ranges.Zip(shapes))
        {
            bool isMatrix = rows > 0;
            yield return new Part(
                View(parameters.Values, range.Offset, range.Length), View(parameters.Gradients, range.Offset, range.Length),
                isMatrix ? View(_rows, row, rows) : null, isMatrix ? View(_columns, column, columns) : null,
                isMatrix ? null : View(_others, other, range.Length), _options.ComponentRates.GetValueOrDefault(range.Component, 1));
            (row, column, other) = (row + rows, column + columns, isMatrix ? other : other + range.Length);
        }

        static Tensor View(Tensor tensor, long start, long length) => tensor.narrow(0, start, length).DetachFromDisposeScope();
    }

    private sealed record Part(Tensor Values, Tensor Gradient, Tensor? Row, Tensor? Column, Tensor? Second, double RateFactor) : IDisposable
    {
        public void Dispose()
        {
            foreach (Tensor? tensor in (ReadOnlySpan<Tensor?>)[Values, Gradient, Row, Column, Second]) tensor?.Dispose();
        }
    }
}
