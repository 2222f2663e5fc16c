using LatentDiffusion.Jobs.Hangfire;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Hangfire;

/// <summary>Deleting files neither waits for nor ends with the trouble of other files.</summary>
public class FileSweepTests
{
    [Fact]
    public async Task Files_of_jobs_are_deleted_while_old_ones_are_looked_for_and_after_a_failure()
    {
        var endless = new TaskCompletionSource();
        var store = new FailingStore { Fails = name => name == "a", Sweep = endless.Task };
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Deadline.Token);
        var files = new FileSweep(store, TimeSpan.FromDays(1), NullLogger.Instance);
        Task running = files.RunAsync(stopping.Token);
        files.Add("a");
        files.Add("b");
        while (!store.Deletions.Contains("b")) await Task.Delay(5, Deadline.Token);
        Assert.Equal(["a", "b"], store.Deletions);
        Assert.False(running.IsCompleted);
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }
}
