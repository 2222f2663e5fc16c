using LatentDiffusion.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>Answers exceptions of endpoints with problem details (RFC 9457).</summary>
internal sealed class ProblemFilter(
    IOptions<LatentDiffusionServerOptions> options, ServerMetrics metrics, ILogger<ProblemFilter> logger) : IEndpointFilter
{
    private static readonly RequestErrorMapping s_mapping = new(new Dictionary<string, string>());

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
            RequestException error = s_mapping.FromException(e, options.Value.MaximumRequestBytes, logger);
            metrics.Refused(error.Status);
            context.HttpContext.Response.SetRetryAfter(error.RetryAfter);
            return Create(error.Status, error.Message, error.Parameter);
        }
    }

    /// <summary>A problem without a type of its own: its title is that of the status.</summary>
    public static ProblemHttpResult Create(int status, string detail, string? parameter = null) => TypedResults.Problem(
        detail, statusCode: status,
        extensions: parameter is null ? null : new Dictionary<string, object?> { ["parameter"] = parameter });
}
