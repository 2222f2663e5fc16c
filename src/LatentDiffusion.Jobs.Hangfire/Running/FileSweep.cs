using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>
/// Deletes the files of jobs that were ended or forgotten, and every ten minutes files that no job has any more. A slow store holds
/// up neither the announcement of the worker nor the return of lost jobs.
/// </summary>
/// <param name="store">The files.</param>
/// <param name="retention">How long the files of a job are kept.</param>
/// <param name="logger">Receives what could not be deleted.</param>
internal sealed class FileSweep(IImageStore store, TimeSpan retention, ILogger logger)
{
    private static readonly TimeSpan s_orphanMargin = TimeSpan.FromHours(1), s_orphanInterval = TimeSpan.FromMinutes(10);

    private readonly Channel<string> _jobs = Channel.CreateUnbounded<string>();

    /// <summary>Deletes the files of a job soon. If the process ends before that, they become files without a job.</summary>
    public void Add(string job) => _jobs.Writer.TryWrite(job);

    /// <summary>Deletes files until the worker stops.</summary>
    public Task RunAsync(CancellationToken stopping) => Task.WhenAll(DeleteJobsAsync(stopping), DeleteOrphansAsync(stopping));

    private async Task DeleteJobsAsync(CancellationToken stopping)
    {
        await foreach (string job in _jobs.Reader.ReadAllAsync(stopping).ConfigureAwait(false))
        {
            try
            {
                await store.DeleteAsync(job, stopping).ConfigureAwait(false);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                logger.FilesLeft(e, job);
            }
        }
    }

    private async Task DeleteOrphansAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                DateTimeOffset old = TimeProvider.System.GetUtcNow() - retention - s_orphanMargin;
                await store.DeleteOlderAsync(old, stopping).ConfigureAwait(false);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                logger.OldFilesLeft(e);
            }

            await Task.Delay(s_orphanInterval, stopping).ConfigureAwait(false);
        }
    }
}
