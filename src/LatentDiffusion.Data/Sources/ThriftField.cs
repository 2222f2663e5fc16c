namespace LatentDiffusion.Data;

/// <summary>What a field, or an element of a list, is.</summary>
/// <param name="Kind">Its kind; <see cref="ThriftKind.True"/> for what is true or false.</param>
/// <param name="Shape">Of a structure: its fields.</param>
/// <param name="Element">Of a list: its elements.</param>
internal sealed record ThriftField(ThriftKind Kind, ThriftShape? Shape = null, ThriftField? Element = null)
{
    public static readonly ThriftField Bool = new(ThriftKind.True), I8 = new(ThriftKind.I8), I16 = new(ThriftKind.I16), I32 = new(ThriftKind.I32),
        I64 = new(ThriftKind.I64), Float64 = new(ThriftKind.Float64), Binary = new(ThriftKind.Binary);

    public static ThriftField Struct(params ThriftField[] fields) => new(ThriftKind.Struct, ThriftShape.Of(fields));

    public static ThriftField List(ThriftField element) => new(ThriftKind.List, Element: element);

    /// <summary>Whether a value of a kind can be one of this.</summary>
    public bool Matches(ThriftKind kind) => kind == Kind || (Kind == ThriftKind.True && kind == ThriftKind.False);
}
