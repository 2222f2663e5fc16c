using static LatentDiffusion.Data.ThriftField;

namespace LatentDiffusion.Data;

/// <summary>The structures of a Parquet file's metadata (https://github.com/apache/parquet-format, parquet.thrift, 2.11).</summary>
internal static class ParquetMetadataShape
{
    private static readonly ThriftField s_empty = Struct();

    private static readonly ThriftField s_keyValue = Struct(Binary, Binary);

    private static readonly ThriftField s_time = Struct(Bool, Struct(s_empty, s_empty, s_empty));

    // STRING, MAP, LIST, ENUM, DECIMAL, DATE, TIME, TIMESTAMP, an unused number, INTEGER, UNKNOWN, JSON, BSON, UUID, FLOAT16,
    // VARIANT, GEOMETRY, GEOGRAPHY.
    private static readonly ThriftField s_logicalType = Struct(
        s_empty, s_empty, s_empty, s_empty, Struct(I32, I32), s_empty, s_time, s_time, s_empty, Struct(I8, Bool),
        s_empty, s_empty, s_empty, s_empty, s_empty, Struct(I8), Struct(Binary), Struct(Binary, I32));

    private static readonly ThriftField s_schemaElement = Struct(I32, I32, I32, Binary, I32, I32, I32, I32, I32, s_logicalType);

    private static readonly ThriftField s_statistics = Struct(Binary, Binary, I64, I64, Binary, Binary, Bool, Bool, I64);

    private static readonly ThriftField s_geospatial = Struct(
        Struct(Float64, Float64, Float64, Float64, Float64, Float64, Float64, Float64), List(I32));

    private static readonly ThriftField s_columnMetadata = Struct(
        I32, List(I32), List(Binary), I32, I64, I64, I64, List(s_keyValue), I64, I64, I64, s_statistics,
        List(Struct(I32, I32, I32)), I64, I32, Struct(I64, List(I64), List(I64)), s_geospatial);

    private static readonly ThriftField s_columnChunk = Struct(
        Binary, I64, s_columnMetadata, I64, I32, I64, I32, Struct(s_empty, Struct(List(Binary), Binary)), Binary);

    private static readonly ThriftField s_rowGroup = Struct(List(s_columnChunk), I64, I64, List(Struct(I32, Bool, Bool)), I64, I64, I16);

    private static readonly ThriftField s_encryption = Struct(Binary, Binary, Bool);

    /// <summary>The structure of the whole metadata.</summary>
    public static ThriftShape File { get; } = ThriftShape.Create(
        I32, List(s_schemaElement), I64, List(s_rowGroup), List(s_keyValue), Binary, List(Struct(s_empty, s_empty)),
        Struct(s_encryption, s_encryption), Binary);

    /// <summary>The structure of a page header: the kind of page, its two sizes, a checksum, and the fields of each kind.</summary>
    public static ThriftShape Page { get; } = ThriftShape.Create(
        I32, I32, I32, I32, Struct(I32, I32, I32, I32, s_statistics), s_empty, Struct(I32, I32, Bool),
        Struct(I32, I32, I32, I32, I32, I32, Bool, s_statistics));
}
