namespace FineTune;

/// <summary>Type of written weights.</summary>
internal enum OutputPrecision
{
    /// <summary>As trained.</summary>
    Float32,

    /// <summary>Half as large.</summary>
    Float16,

    /// <summary>Half as large, with the range of float32.</summary>
    BFloat16,
}
