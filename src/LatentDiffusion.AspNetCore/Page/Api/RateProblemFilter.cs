using LatentDiffusion.AspNetCore.Limits;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>Refuses jobs of callers that send too many.</summary>
internal sealed class RateProblemFilter(CallerRateLimiter limiter) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        limiter.Refuse(context.HttpContext) is { } wait
            ? ValueTask.FromResult<object?>(ProblemFilter.Retry(
                context.HttpContext, StatusCodes.Status429TooManyRequests, "Too many jobs of this caller; try again later.", wait))
            : next(context);
}
