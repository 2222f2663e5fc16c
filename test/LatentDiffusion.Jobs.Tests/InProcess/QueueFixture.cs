namespace LatentDiffusion.Jobs.Tests.InProcess;

/// <summary>A queue over controlled runs.</summary>
internal sealed class QueueFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    public QueueFixture(JobQueueOptions? options = null)
    {
        Store = new FolderImageStore(_folder["store"]);
        Queue = new InProcessJobQueue(new Models("tiny", "other"), Store, Runs.RunAsync, options ?? new(), Time);
    }

    public ManualTime Time { get; } = new();

    public ControlledRuns Runs { get; } = new();

    public FolderImageStore Store { get; }

    public InProcessJobQueue Queue { get; }

    public async Task AddAsync(string id, string caller = "", JobPriority priority = JobPriority.Normal) =>
        await Queue.EnqueueAsync(Job(id, caller, priority), Deadline.Token);

    /// <summary>The status at which a job ends.</summary>
    public async Task<JobStatus> EndAsync(string id) => await Queue.WatchAsync(id, Deadline.Token).LastAsync(Deadline.Token);

    /// <summary>Ends jobs in the order in which they start.</summary>
    public async Task<string> DrainAsync(int count)
    {
        var order = new List<string>();
        while (order.Count < count)
        {
            order.Add(await Runs.NextAsync());
            Runs.Complete(order[^1]);
        }

        return string.Join(' ', order);
    }

    public static ImageJob Job(string id, string caller = "", JobPriority priority = JobPriority.Normal) => new()
    {
        Id = id, Model = "tiny", Caller = caller, Priority = priority, Request = new GenerationRequest { Prompt = "a blue bird" },
    };

    public async ValueTask DisposeAsync()
    {
        await Queue.DisposeAsync();
        _folder.Dispose();
    }
}
