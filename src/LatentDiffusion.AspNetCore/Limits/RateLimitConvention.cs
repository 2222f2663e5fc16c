namespace LatentDiffusion.AspNetCore.Limits;

/// <summary>The convention of endpoints that add jobs.</summary>
internal static class RateLimitConvention
{
    /// <summary>Counts requests by caller. The endpoint limits its bodies itself (<see cref="LimitedBody"/>).</summary>
    public static RouteHandlerBuilder LimitRate(this RouteHandlerBuilder endpoint) =>
        endpoint.AddEndpointFilter<RateLimitFilter>().WithMetadata(new RequestSizeLimit(null));
}
