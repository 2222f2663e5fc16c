namespace LatentDiffusion.Data;

/// <summary>The fields of a structure, by their numbers.</summary>
internal sealed class ThriftShape : Dictionary<int, ThriftField>
{
    /// <summary>The fields from 1 on.</summary>
    public static ThriftShape Of(params ThriftField[] fields)
    {
        var shape = new ThriftShape();
        foreach ((int i, ThriftField field) in fields.Index()) shape.Add(i + 1, field);
        return shape;
    }
}
