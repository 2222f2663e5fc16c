
namespace LatentDiffusion.AspNetCore.Limits;

/// <summary>Refuses requests of callers that send too many.</summary>
internal sealed class RateLimitFilter(CallerRateLimiter limiter) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        limiter.Refuse(context.HttpContext) is { } wait ? throw RequestErrors.TooManyRequests(wait) : next(context);
}
