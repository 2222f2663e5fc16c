using System.Text.Json.Serialization;

namespace LatentDiffusion.Benchmarks;

/// <summary>Both engines on one graph.</summary>
/// <param name="Graph">Name of the graph.</param>
/// <param name="Library">Times of the library.</param>
/// <param name="Peer">Times of ONNX Runtime.</param>
/// <param name="Difference">Largest absolute difference of the outputs.</param>
/// <param name="Operations">Floating-point operations of one evaluation.</param>
/// <param name="Peak">Operations per second of float32 matrix multiplication, in the same run.</param>
/// <param name="LibraryMemory">Memory of the library in a separate process; null if it was not measured.</param>
/// <param name="PeerMemory">Memory of ONNX Runtime.</param>
internal sealed record PeerResult(
    string Graph, PeerTimes Library, PeerTimes Peer, double Difference, double Operations, double Peak,
    PeerMemory? LibraryMemory, PeerMemory? PeerMemory)
{
    /// <summary>Median time of the library as a multiple of that of ONNX Runtime.</summary>
    public double Ratio => Library.Median / Peer.Median;

    /// <summary>The same of the fastest evaluations, which other work on the machine disturbs least.</summary>
    public double FastestRatio => Library.Fastest / Peer.Fastest;

    /// <summary>The same of the smallest processor times. With one thread it holds on a busy machine too.</summary>
    public double ProcessorRatio => Library.FastestProcessor / Peer.FastestProcessor;

    /// <summary>Fraction of the matrix-multiply peak that the library reaches in its median evaluation.</summary>
    [JsonPropertyName("peak_fraction")]
    public double PeakFraction => Operations / Library.Median / Peak;

    /// <summary>The fraction for ONNX Runtime.</summary>
    [JsonPropertyName("peer_peak_fraction")]
    public double PeerPeakFraction => Operations / Peer.Median / Peak;
}
