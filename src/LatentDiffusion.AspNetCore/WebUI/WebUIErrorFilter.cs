using LatentDiffusion.AspNetCore.Diagnostics;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Answers exceptions of endpoints in the web UI's form.</summary>
internal sealed class WebUIErrorFilter(ServerMetrics metrics, ILogger<WebUIErrorFilter> logger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context).ConfigureAwait(false);
        }
        catch (Exception) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            return TypedResults.StatusCode(StatusCodes.Status499ClientClosedRequest);
        }
        catch (Exception e)
        {
            ApiError error = FromException(e);
            metrics.Refused(error.Status);
            context.HttpContext.Response.SetRetryAfter(error.RetryAfter);
            return error.ToResult();
        }
    }

    private ApiError FromException(Exception exception)
    {
        switch (exception)
        {
            case ApiError known: return known;
            case RequestException shared: return ApiError.Failed(shared.Status, shared.Message, shared.RetryAfter);
            case BadHttpRequestException bad: return ApiError.Failed(bad.StatusCode, bad.Message);
            case UnknownModelException unknown: return ApiError.NotFound($"Model not found: {unknown.Message}");
            case QueueFullException full: return ApiError.Busy(full.Message);
            case ArgumentException argument when exception is not ArgumentNullException:
                return JobFailure.FromError(JobError.FromException(argument));
            default:
                logger.RequestFailed(exception);
                return ApiError.Failed(StatusCodes.Status500InternalServerError, "The server failed; its log has the details.");
        }
    }
}
