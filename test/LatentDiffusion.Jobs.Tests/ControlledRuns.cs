using System.Collections.Concurrent;
using System.Threading.Channels;

namespace LatentDiffusion.Jobs.Tests;

/// <summary>Stands in for a runner: each job runs until the test ends it.</summary>
internal sealed class ControlledRuns
{
    private readonly Channel<string> _started = Channel.CreateUnbounded<string>();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<JobResult>> _runs = new();
    private readonly ConcurrentDictionary<string, Action<JobProgress>> _progress = new();

    public async Task<JobResult> RunAsync(ImageJob job, Action<JobProgress> progress, CancellationToken cancellationToken)
    {
        TaskCompletionSource<JobResult> run = _runs[job.Id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _progress[job.Id] = progress;
        _started.Writer.TryWrite(job.Id);
        return await run.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Identifier of the next job that starts.</summary>
    public ValueTask<string> NextAsync() => _started.Reader.ReadAsync(Deadline.Token);

    /// <summary>Whether a job has started that <see cref="NextAsync"/> did not return.</summary>
    public bool HasStarted => _started.Reader.TryPeek(out _);

    public void Progress(string id, JobProgress progress) => _progress[id](progress);

    public void Complete(string id, JobResult? result = null) => _runs[id].SetResult(result ?? new JobResult());

    public void Fail(string id, Exception exception) => _runs[id].SetException(exception);
}
