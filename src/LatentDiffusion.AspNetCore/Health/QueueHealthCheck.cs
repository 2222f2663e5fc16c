using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LatentDiffusion.AspNetCore.Health;

/// <summary>Ready where the queue answers and at least one worker offers a model.</summary>
internal sealed class QueueHealthCheck(IImageJobQueue queue) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<string> models = await queue.ModelsAsync(cancellationToken).ConfigureAwait(false);
        return models.Count > 0
            ? HealthCheckResult.Healthy($"{models.Count} models are offered.")
            : new HealthCheckResult(context.Registration.FailureStatus, "No worker offers a model.");
    }
}
