namespace LatentDiffusion.Data;

/// <summary>The fields of a structure, by number.</summary>
internal sealed class ThriftShape : Dictionary<int, ThriftField>
{
    /// <summary>Fields numbered from 1 on.</summary>
    public static ThriftShape Create(params ThriftField[] fields)
    {
        var shape = new ThriftShape();
        foreach ((int i, ThriftField field) in fields.Index()) shape.Add(i + 1, field);
        return shape;
    }
}
