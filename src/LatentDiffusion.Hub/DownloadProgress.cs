using System.Diagnostics;

namespace LatentDiffusion.Hub;

/// <summary>Adds up the progress of files, and reports it at most ten times a second and at the end of each file.</summary>
internal sealed class DownloadProgress(IProgress<HubProgress>? receiver)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long Done, long Total, bool IsComplete)> _files = [];
    private long _reported;

    /// <summary>Adds a file.</summary>
    public void Add(string file, long size)
    {
        lock (_lock) _files.TryAdd(file, (0, size, false));
    }

    /// <summary>Sets the number of bytes that a file has.</summary>
    public void Set(string file, long bytes, long? size = null)
    {
        lock (_lock)
        {
            _files[file] = (bytes, size ?? _files.GetValueOrDefault(file).Total, false);
            if (receiver is null || Stopwatch.GetElapsedTime(_reported) < s_interval) return;
            Report(file);
        }
    }

    /// <summary>Reports a file as complete.</summary>
    public void Complete(string file)
    {
        lock (_lock)
        {
            long total = _files.GetValueOrDefault(file) is var (done, size, _) ? Math.Max(done, size) : 0;
            _files[file] = (total, total, true);
            if (receiver is not null) Report(file);
        }
    }

    // Within the lock, so that reports arrive in their order.
    private void Report(string file)
    {
        _reported = Stopwatch.GetTimestamp();
        receiver!.Report(new HubProgress
        {
            CompletedBytes = _files.Values.Sum(f => f.Done), TotalBytes = _files.Values.Sum(f => Math.Max(f.Total, f.Done)),
            CompletedFiles = _files.Values.Count(f => f.IsComplete), TotalFiles = _files.Count, File = file,
        });
    }
}
