namespace LatentDiffusion.Benchmarks;

/// <summary>A measurement in a process of its own failed, which told its error.</summary>
internal sealed class MeasurementException(string message) : Exception(message);
