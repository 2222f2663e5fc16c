using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>A tensor that <see cref="GgufWriter"/> writes.</summary>
public sealed class GgufTensor
{
    private readonly Tensor? _tensor;
    private readonly Func<Tensor>? _make;

    /// <summary>A tensor in memory.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="values">Its values, of any type, on any device; not disposed.</param>
    /// <param name="type">How they are stored.</param>
    /// <exception cref="ArgumentException">The type cannot be written, or the number of values is not a multiple of its blocks.</exception>
    public GgufTensor(string name, Tensor values, GgufType type) : this(type, name, values?.shape!) => _tensor = values;

    /// <summary>A tensor that is made when it is written, so that a file may be larger than the memory.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="type">How its values are stored.</param>
    /// <param name="values">Makes the values, of any type; called once. The writer disposes the result.</param>
    /// <exception cref="ArgumentException">The type cannot be written, or the number of values is not a multiple of its blocks.</exception>
    public GgufTensor(string name, IReadOnlyList<long> shape, GgufType type, Func<Tensor> values) : this(type, name, shape)
    {
        ArgumentNullException.ThrowIfNull(values);
        _make = values;
    }

    private GgufTensor(GgufType type, string name, IReadOnlyList<long> shape)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(type);
        (Name, Shape, Type) = (name, [.. shape], type);
        Elements = shape.Aggregate(1L, (product, size) => checked(product * size));
        if (!type.CanBeWritten)
        {
            string known = string.Join(", ", GgufType.All.Where(t => t.CanBeWritten));
            throw new ArgumentException($"'{name}': {type} can be read but not written; expected one of {known}.", nameof(type));
        }

        if (Elements % type.BlockElements != 0)
        {
            throw new ArgumentException(
                $"'{name}' is [{string.Join(", ", shape)}]; {type} needs a multiple of {type.BlockElements} values.",
                nameof(type));
        }

        StoredShape = Stored();
    }

    /// <summary>Its name in the file.</summary>
    public string Name { get; }

    /// <summary>Its shape, outermost dimension first.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>How its values are stored.</summary>
    public GgufType Type { get; }

    /// <summary>Number of values.</summary>
    internal long Elements { get; }

    /// <summary>
    /// The shape in the file, outermost dimension first: another than <see cref="Shape"/> where the format does not have that one. The
    /// original is then written to the metadata.
    /// </summary>
    internal IReadOnlyList<long> StoredShape { get; }

    /// <summary>
    /// Chooses the type of a tensor as published files do: matrices and kernels are quantised where their values fill whole blocks, and
    /// float16 otherwise; vectors are float32.
    /// </summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="values">Its values; not disposed.</param>
    /// <param name="matrices">Type of matrices and kernels.</param>
    public static GgufTensor Create(string name, Tensor values, GgufType matrices)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(matrices);
        GgufType type = values.dim() < 2 ? GgufType.F32
            : values.NumberOfElements % matrices.BlockElements == 0 ? matrices : GgufType.F16;
        return new GgufTensor(name, values, type);
    }

    /// <summary>Passes the values to a callback.</summary>
    /// <exception cref="InvalidOperationException">They were made with another shape.</exception>
    internal void Use(Action<Tensor> use)
    {
        if (_tensor is not null)
        {
            use(_tensor);
            return;
        }

        using Tensor made = _make!();
        if (!made.shape.SequenceEqual(Shape))
        {
            throw new InvalidOperationException(
                $"'{Name}' was made as [{string.Join(", ", made.shape)}]; expected [{string.Join(", ", Shape)}].");
        }

        use(made);
    }

    private IReadOnlyList<long> Stored()
    {
        if (Shape.Count == 0) return [1];
        if (Shape[^1] % Type.BlockElements != 0) return [Elements / Type.BlockElements, Type.BlockElements];
        return Shape.Count <= GgufHeader.MaximumDimensions ? Shape : [Elements / Math.Max(1, Shape[^1]), Shape[^1]];
    }
}
