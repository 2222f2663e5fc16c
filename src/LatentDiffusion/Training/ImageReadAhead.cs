using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace LatentDiffusion.Training;

/// <summary>
/// Reads the images of one batch while the batch before it is used: never more than one ahead. Images depend on their numbers only, so
/// that reading ahead changes nothing else than the time. For one thread.
/// </summary>
/// <param name="read">Reads one image; called on several threads.</param>
internal sealed class ImageReadAhead(Func<long, CaptionedImage> read) : IDisposable
{
    private long[] _expected = [];
    private Task<CaptionedImage[]>? _reading;

    /// <summary>Time that callers of <see cref="Read"/> have waited.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>The images of a batch, which are there already if they were expected.</summary>
    /// <param name="numbers">Numbers of the images.</param>
    /// <param name="next">Numbers of the next batch; empty if it is not known.</param>
    public CaptionedImage[] Read(long[] numbers, long[] next)
    {
        long began = Stopwatch.GetTimestamp();
        CaptionedImage[] images = _reading is { } reading && numbers.AsSpan().SequenceEqual(_expected)
            ? Result(reading)
            : ParallelImageReader.ReadAll(numbers, read);
        Waited += Stopwatch.GetElapsedTime(began);
        Expect(next);
        return images;
    }

    /// <summary>Starts to read a batch.</summary>
    /// <param name="numbers">Numbers of its images; empty for none.</param>
    public void Expect(long[] numbers)
    {
        if (_reading is not null && numbers.AsSpan().SequenceEqual(_expected)) return;
        // Exceptions of a reader come back when the images are asked for.
        Dispose();
        _expected = numbers;
        _reading = numbers.Length == 0 ? null : Task.Run(() => ParallelImageReader.ReadAll(numbers, read));
    }

    /// <summary>Waits for a batch that nobody asked for.</summary>
    public void Dispose()
    {
        if (_reading is not { } reading) return;
        ((IAsyncResult)reading).AsyncWaitHandle.WaitOne();
        _ = reading.Exception;
        _reading = null;
    }

    private static CaptionedImage[] Result(Task<CaptionedImage[]> reading)
    {
        try
        {
            return reading.Result;
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
            throw;
        }
    }
}
