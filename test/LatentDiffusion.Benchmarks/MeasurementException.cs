namespace LatentDiffusion.Benchmarks;

/// <summary>A measurement in a separate process failed, which printed its error.</summary>
internal sealed class MeasurementException(string message) : Exception(message);
