using System.Globalization;
using LatentDiffusion.AspNetCore.Limits;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Refuses requests of callers that send too many.</summary>
internal sealed class WebUIRateLimitFilter(CallerRateLimiter limiter) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (limiter.Refuse(context.HttpContext) is not { } wait) return next(context);
        string seconds = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        throw ApiError.Failed(StatusCodes.Status429TooManyRequests, $"Too many requests; the next one may come in {seconds} s.", wait);
    }
}
