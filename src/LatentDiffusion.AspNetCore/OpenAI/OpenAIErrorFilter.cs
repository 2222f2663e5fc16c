using LatentDiffusion.AspNetCore.Diagnostics;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Answers exceptions of endpoints with errors in OpenAI's format.</summary>
internal sealed class OpenAIErrorFilter(
    IOptions<LatentDiffusionServerOptions> options, ServerMetrics metrics, ILogger<OpenAIErrorFilter> logger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        CancellationToken left = context.HttpContext.RequestAborted;
        try
        {
            return await next(context).ConfigureAwait(false);
        }
        catch (Exception) when (left.IsCancellationRequested)
        {
            return TypedResults.StatusCode(StatusCodes.Status499ClientClosedRequest);
        }
        catch (Exception e)
        {
            RequestException error = OpenAIErrorMapping.Instance.FromException(e, options.Value.MaximumRequestBytes, logger);
            metrics.Refused(error.Status);
            return new OpenAIErrorResult(error);
        }
    }
}
