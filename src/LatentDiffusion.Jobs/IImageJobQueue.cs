namespace LatentDiffusion.Jobs;

/// <summary>
/// A queue of jobs. <see cref="InProcessJobQueue"/> runs them in this process and forgets them with it; other implementations keep them in
/// a database and run them on any number of machines. Implementations are safe for concurrent use.
/// </summary>
/// <example>
/// <code><![CDATA[
/// using LatentDiffusion;
/// using LatentDiffusion.Jobs;
/// using Microsoft.Extensions.DependencyInjection;
/// using Microsoft.Extensions.Hosting;
///
/// HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
/// builder.Services.AddLatentDiffusion().UseDrawingsModel();
/// builder.Services.AddLatentDiffusionJobs(options => options.ImageFolder = "images");
/// using IHost host = builder.Build();
/// await host.StartAsync();
///
/// IImageJobQueue queue = host.Services.GetRequiredService<IImageJobQueue>();
/// GenerationRequest request = new() { Prompt = "a blue bird" };
/// ImageJob job = new() { Model = "drawings", Request = request, Caller = "alice" };
/// await queue.EnqueueAsync(job);
/// await foreach (JobStatus status in queue.WatchAsync(job.Id)) Console.WriteLine($"{status.State}: {status.CompletedSteps}");
/// ]]></code>
/// </example>
public interface IImageJobQueue
{
    /// <summary>Adds a job.</summary>
    /// <param name="job">The job. A request without a seed gets one.</param>
    /// <param name="cancellationToken">Stops the call, not the job.</param>
    /// <returns>The job as it was added.</returns>
    /// <exception cref="UnknownModelException">No worker has the model.</exception>
    /// <exception cref="QueueFullException">Too many jobs wait already, in total or of this caller.</exception>
    /// <exception cref="ArgumentException">
    /// The request has embeddings or other values that cannot be queued, or the identifier was used before.
    /// </exception>
    Task<JobStatus> EnqueueAsync(ImageJob job, CancellationToken cancellationToken = default);

    /// <summary>Finds a job.</summary>
    /// <param name="id">Its identifier.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>Null if there is no such job, or its retention time is over.</returns>
    Task<JobStatus?> FindAsync(string id, CancellationToken cancellationToken = default);

    /// <summary>
    /// Follows a job: yields its present status and then each change (progress, previews, state), and ends after the status whose
    /// <see cref="JobStatus.HasEnded"/> is true. Changes between two reads are joined. Yields nothing for an unknown job. Leaving the
    /// enumeration does not cancel the job.
    /// </summary>
    /// <param name="id">Its identifier.</param>
    /// <param name="cancellationToken">Stops the enumeration.</param>
    IAsyncEnumerable<JobStatus> WatchAsync(string id, CancellationToken cancellationToken = default);

    /// <summary>Cancels a job, waiting or running. A running one ends within one evaluation of a network.</summary>
    /// <param name="id">Its identifier.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>False if there is no such job or it has ended.</returns>
    Task<bool> CancelAsync(string id, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lists jobs: first those that run, then those that wait in the order in which they will run, then ended ones, newest first.
    /// </summary>
    /// <param name="caller">Only jobs of this caller; null for all.</param>
    /// <param name="count">The largest number to return. Default 100.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    Task<IReadOnlyList<JobStatus>> ListAsync(string? caller = null, int count = 100, CancellationToken cancellationToken = default);

    /// <summary>Models that at least one running worker offers, the default one first.</summary>
    /// <param name="cancellationToken">Stops the call.</param>
    Task<IReadOnlyList<string>> ModelsAsync(CancellationToken cancellationToken = default);
}
