namespace LatentDiffusion.Jobs;

/// <summary>
/// Waiting jobs in the order in which they run: higher priorities first. Within a priority callers take turns: each caller's oldest job,
/// those first whose caller was served longest ago, then each caller's second job, and so on. Not safe for concurrent use.
/// </summary>
internal sealed class WaitingJobs
{
    // Callers without a waiting job are remembered, so that adding jobs one by one does not go before others' jobs.
    private const int MostServed = 10_000;

    private readonly LinkedList<QueuedJob> _jobs = new();
    private readonly Dictionary<(JobPriority, string), long> _served = [];
    private Dictionary<QueuedJob, int>? _positions;
    private QueuedJob[] _order = [];
    private long _turn;

    /// <summary>Number of waiting jobs.</summary>
    public int Count => _jobs.Count;

    /// <summary>In the order in which they will run.</summary>
    public IReadOnlyList<QueuedJob> InOrder
    {
        get
        {
            Sort();
            return _order;
        }
    }

    public int CountOf(string caller) => _jobs.Count(j => j.Job!.Caller == caller);

    public void Add(QueuedJob job)
    {
        _jobs.AddLast(job);
        _positions = null;
    }

    /// <summary>Removes the job that runs next; null for none.</summary>
    public QueuedJob? Take()
    {
        if (InOrder is not [{ } next, ..]) return null;
        Remove(next);
        _served[CallerOf(next)] = ++_turn;
        if (_served.Count > MostServed)
            foreach ((JobPriority, string) oldest in _served.OrderBy(s => s.Value).Take(MostServed / 2).Select(s => s.Key).ToArray())
                _served.Remove(oldest);
        return next;
    }

    /// <summary>Removes a job that was cancelled. False if it does not wait.</summary>
    public bool Remove(QueuedJob job)
    {
        _positions = null;
        return _jobs.Remove(job);
    }

    /// <summary>Number of jobs that run before a waiting one; null if it does not wait.</summary>
    public int? PositionOf(QueuedJob job)
    {
        Sort();
        return _positions!.TryGetValue(job, out int position) ? position : null;
    }

    private void Sort()
    {
        if (_positions is not null) return;
        var ranks = new Dictionary<(JobPriority, string), int>();
        _order =
        [
            .. _jobs.Select((job, arrival) => (Job: job, Rank: Rank(CallerOf(job)), Arrival: arrival))
                .OrderByDescending(j => j.Job.Job!.Priority).ThenBy(j => j.Rank)
                .ThenBy(j => _served.GetValueOrDefault(CallerOf(j.Job))).ThenBy(j => j.Arrival).Select(j => j.Job),
        ];
        _positions = new Dictionary<QueuedJob, int>(_order.Length);
        foreach (QueuedJob job in _order) _positions.Add(job, _positions.Count);

        int Rank((JobPriority, string) caller)
        {
            int rank = ranks.GetValueOrDefault(caller);
            ranks[caller] = rank + 1;
            return rank;
        }
    }

    private static (JobPriority Priority, string Caller) CallerOf(QueuedJob job) => (job.Job!.Priority, job.Job.Caller);
}
