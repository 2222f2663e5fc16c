using System.Diagnostics;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Times the sums of another reducer, apart from the wait for processes that are still computing.</summary>
/// <param name="reducer">The reducer.</param>
internal sealed class TimedReducer(IGradientReducer reducer) : IGradientReducer
{
    private long _began;

    /// <summary>Seconds of each sum, from the moment when all processes have their gradients.</summary>
    public List<double> Sums { get; } = [];

    /// <summary>Seconds of each wait for the slowest process.</summary>
    public List<double> Waits { get; } = [];

    /// <summary>Number of values of a sum.</summary>
    public long Length { get; private set; }

    public int Rank => reducer.Rank;

    public int Size => reducer.Size;

    public bool IsRankOrdered => reducer.IsRankOrdered;

    public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> message) => reducer.Gather(message);

    public void Broadcast(Tensor values) => reducer.Broadcast(values);

    public void Add(Tensor gradients)
    {
        long arrived = Stopwatch.GetTimestamp();
        reducer.Gather([]);
        _began = Stopwatch.GetTimestamp();
        Waits.Add(Stopwatch.GetElapsedTime(arrived, _began).TotalSeconds);
        reducer.Add(gradients);
    }

    public void Complete(Tensor sum)
    {
        reducer.Complete(sum);
        Sums.Add(Stopwatch.GetElapsedTime(_began).TotalSeconds);
        Length = sum.numel();
    }
}
