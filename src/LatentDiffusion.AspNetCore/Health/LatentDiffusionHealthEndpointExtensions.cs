using LatentDiffusion.AspNetCore;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the health of the server.</summary>
public static class LatentDiffusionHealthEndpointExtensions
{
    /// <summary>
    /// Maps <c>/health/live</c>, which answers 200 while the process serves requests, and <c>/health/ready</c>, which answers 200 while the
    /// queue answers and at least one worker offers a model, and 503 otherwise. Both answer without a key.
    /// </summary>
    /// <param name="endpoints">The application or a group.</param>
    /// <returns>The endpoints, for further conventions.</returns>
    public static IEndpointConventionBuilder MapLatentDiffusionHealth(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RouteGroupBuilder group = endpoints.MapGroup("/health");
        group.MapHealthChecks("/live", new HealthCheckOptions { Predicate = _ => false });
        group.MapHealthChecks(
            "/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(LatentDiffusionServerDefaults.ReadyTag) });
        return group.AllowAnonymous();
    }
}
