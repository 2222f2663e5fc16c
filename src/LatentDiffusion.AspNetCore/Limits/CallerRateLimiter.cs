using System.Threading.RateLimiting;
using LatentDiffusion.AspNetCore.Authentication;

namespace LatentDiffusion.AspNetCore.Limits;

/// <summary>Counts the requests for images of each caller.</summary>
internal sealed class CallerRateLimiter : IDisposable
{
    private readonly PartitionedRateLimiter<HttpContext>? _limiter;

    public CallerRateLimiter(IOptions<LatentDiffusionServerOptions> options)
    {
        if (options.Value.RequestsPerMinute is not { } requests) return;
        var bucket = new TokenBucketRateLimiterOptions
        {
            TokenLimit = requests, TokensPerPeriod = 1, ReplenishmentPeriod = TimeSpan.FromMinutes(1) / requests,
        };
        _limiter = PartitionedRateLimiter.Create<HttpContext, string>(
            context => RateLimitPartition.GetTokenBucketLimiter(Partition(context), _ => bucket));
    }

    /// <summary>Takes one request from what the caller has left.</summary>
    /// <returns>Null if it may run; otherwise when the next one may.</returns>
    public TimeSpan? Refuse(HttpContext context)
    {
        if (_limiter is null) return null;
        using RateLimitLease lease = _limiter.AttemptAcquire(context);
        if (lease.IsAcquired) return null;
        return lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait) ? wait : TimeSpan.FromMinutes(1);
    }

    public void Dispose() => _limiter?.Dispose();

    // A name and an address never agree.
    private static string Partition(HttpContext context) =>
        Caller.Of(context) is { Length: > 0 } caller ? $"caller {caller}" : $"address {context.Connection.RemoteIpAddress}";
}
