namespace LatentDiffusion.Data;

/// <summary>The kinds of values of Thrift's compact protocol, as they are numbered there. A field that is true or false has its value for its kind.</summary>
internal enum ThriftKind
{
    Stop, True, False, I8, I16, I32, I64, Float64, Binary, List, Set, Map, Struct, Uuid,
}
