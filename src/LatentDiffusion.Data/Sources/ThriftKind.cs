namespace LatentDiffusion.Data;

/// <summary>
/// The value kinds of Thrift's compact protocol, with its numbers. The kind of a boolean field is its value.
/// </summary>
internal enum ThriftKind
{
    Stop, True, False, I8, I16, I32, I64, Float64, Binary, List, Set, Map, Struct, Uuid,
}
