using Hangfire;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>What Hangfire runs and its dashboard shows. Code does not use it.</summary>
[TicketExpiration]
public sealed class ImageJobTicket
{
    private readonly ClaimedJobRunner _runner;

    internal ImageJobTicket(ClaimedJobRunner runner) => _runner = runner;

    /// <summary>Runs the next image job of the worker.</summary>
    /// <param name="model">The model that the ticket was made for.</param>
    /// <param name="cancellationToken">Cancelled when the worker stops.</param>
    /// <returns>Which job ran.</returns>
    /// <exception cref="ImageJobFailedException">The job failed.</exception>
    [AutomaticRetry(Attempts = 0)]
    [JobDisplayName("Images of {0}")]
    public async Task<string> RunAsync(string model, CancellationToken cancellationToken)
    {
        ClaimedJobOutcome? outcome = await _runner.RunNextAsync(cancellationToken).ConfigureAwait(false);
        // Hangfire then gives the ticket to another worker.
        if (outcome is { IsReturned: true }) cancellationToken.ThrowIfCancellationRequested();
        return outcome is null ? "Another worker runs the job."
            : outcome.Error is { } error ? throw new ImageJobFailedException(outcome.Id, error)
            : $"Job {outcome.Id}: {outcome.Description}";
    }
}
