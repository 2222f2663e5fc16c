using System.Threading.Channels;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>A clock that a test puts forward, and whose timers go off when the test says so.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Channel<ManualTimer> _timers = Channel.CreateUnbounded<ManualTimer>();

    /// <summary>The timers, in the order in which they were created.</summary>
    public ChannelReader<ManualTimer> Timers => _timers.Reader;

    private long _forward;

    public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _forward);

    /// <summary>Puts the clock forward. No timer goes off.</summary>
    public void Advance(TimeSpan time) => Interlocked.Add(ref _forward, (long)(time.TotalSeconds * TimestampFrequency));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(callback, state);
        _timers.Writer.TryWrite(timer);
        return timer;
    }

    internal sealed class ManualTimer(TimerCallback callback, object? state) : ITimer
    {
        private volatile bool _isDisposed;

        public void GoOff()
        {
            if (!_isDisposed) callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => _isDisposed = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
