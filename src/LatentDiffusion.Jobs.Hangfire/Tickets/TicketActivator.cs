using Hangfire;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>Creates tickets for Hangfire.</summary>
internal sealed class TicketActivator(ClaimedJobRunner runner) : JobActivator
{
    public override object ActivateJob(Type jobType) => jobType == typeof(ImageJobTicket)
        ? new ImageJobTicket(runner)
        : throw new InvalidOperationException($"The ticket is a {jobType}; expected {typeof(ImageJobTicket)}.");
}
