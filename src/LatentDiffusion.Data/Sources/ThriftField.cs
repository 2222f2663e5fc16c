namespace LatentDiffusion.Data;

/// <summary>Type of a field or list element.</summary>
/// <param name="Kind">Its kind; <see cref="ThriftKind.True"/> for booleans.</param>
/// <param name="Shape">For a structure: its fields.</param>
/// <param name="Element">For a list: its elements.</param>
internal sealed record ThriftField(ThriftKind Kind, ThriftShape? Shape = null, ThriftField? Element = null)
{
    public static readonly ThriftField Bool = new(ThriftKind.True), Binary = new(ThriftKind.Binary), Float64 = new(ThriftKind.Float64),
        I8 = new(ThriftKind.I8), I16 = new(ThriftKind.I16), I32 = new(ThriftKind.I32), I64 = new(ThriftKind.I64);

    public static ThriftField Struct(params ThriftField[] fields) => new(ThriftKind.Struct, ThriftShape.Create(fields));

    public static ThriftField List(ThriftField element) => new(ThriftKind.List, Element: element);

    /// <summary>Whether a value of a kind can be of this type.</summary>
    public bool Matches(ThriftKind kind) => kind == Kind || (Kind == ThriftKind.True && kind == ThriftKind.False);
}
