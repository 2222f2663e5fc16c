using System.Threading.Channels;
using Microsoft.Extensions.Options;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>Reads the statuses of all watched jobs in one query at every interval, and hands changes to the watchers.</summary>
internal sealed class StatusFeed(JobTable table, IOptions<HangfireJobOptions> options) : IAsyncDisposable
{
    private const int JobsPerQuery = 500;

    private readonly Lock _lock = new();
    private readonly HashSet<Watcher> _watchers = [];
    private readonly CancellationTokenSource _end = new();
    private readonly SemaphoreSlim _wake = new(0);
    private Task _reading = Task.CompletedTask;
    private bool _isReading;

    /// <summary>Watches a job until the result is disposed.</summary>
    public Watcher Watch(string id, JobStatus status)
    {
        var watcher = new Watcher(this, id, status);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_end.IsCancellationRequested, this);
            _watchers.Add(watcher);
            if (!_isReading) _reading = ReadAsync();
            _isReading = true;
        }

        return watcher;
    }

    /// <summary>Something has changed in this process; watchers look at once.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount == 0) _wake.Release();
    }

    public async ValueTask DisposeAsync()
    {
        Task reading;
        lock (_lock)
        {
            _end.Cancel();
            reading = _reading;
        }

        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (Watcher watcher in Next()) watcher.Close();
    }

    private async Task ReadAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (Next() is { Length: > 0 } watchers)
        {
            await _wake.WaitAsync(options.Value.UpdateInterval, _end.Token).ConfigureAwait(false);
            foreach (Watcher[] some in watchers.Chunk(JobsPerQuery)) await ReadAsync(some).ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(Watcher[] watchers)
    {
        Dictionary<string, JobStatus> statuses;
        try
        {
            string[] ids = [.. watchers.Select(w => w.Id).Distinct(StringComparer.Ordinal)];
            statuses = (await table.FindAsync(ids, _end.Token).ConfigureAwait(false)).ToDictionary(s => s.Id, StringComparer.Ordinal);
        }
        catch (Exception e) when (!_end.IsCancellationRequested)
        {
            foreach (Watcher watcher in watchers) watcher.Close(e);
            return;
        }

        foreach (Watcher watcher in watchers)
        {
            if (statuses.TryGetValue(watcher.Id, out JobStatus? status)) watcher.Offer(status);
            else watcher.Close();
        }
    }

    private Watcher[] Next()
    {
        lock (_lock)
        {
            _isReading = _watchers.Count > 0;
            return [.. _watchers];
        }
    }

    /// <summary>Watches one job.</summary>
    internal sealed class Watcher(StatusFeed feed, string id, JobStatus status) : IDisposable
    {
        // A reader that is slow sees only the newest change.
        private readonly Channel<JobStatus> _changes = Channel.CreateBounded<JobStatus>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        private JobStatus _last = status;

        public string Id => id;

        /// <summary>The next status that differs; null where the job is forgotten.</summary>
        public async Task<JobStatus?> NextAsync(JobStatus present, CancellationToken cancellationToken)
        {
            while (await _changes.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
                if (_changes.Reader.TryRead(out JobStatus? next) && !IsSame(next, present)) return next;
            return null;
        }

        public void Offer(JobStatus status)
        {
            if (IsSame(status, _last)) return;
            _last = status;
            _changes.Writer.TryWrite(status);
        }

        public void Close(Exception? error = null) => _changes.Writer.TryComplete(error);

        public void Dispose()
        {
            lock (feed._lock) feed._watchers.Remove(this);
        }

        // Lists of a record are compared by identity; an ended job does not change any more.
        private static bool IsSame(JobStatus a, JobStatus b) => a with { Images = [] } == b with { Images = [] };
    }
}
