using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>Turns the exceptions of a wrong request, or of a full queue, into problem details (RFC 9457).</summary>
internal sealed class ProblemFilter : IEndpointFilter
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(10);

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context).ConfigureAwait(false);
        }
        catch (JobRequestException e)
        {
            return Create(StatusCodes.Status400BadRequest, e.Message, e.Parameter);
        }
        catch (Exception e) when (e is UnknownModelException or ArgumentException)
        {
            JobError error = JobError.FromException(e);
            return Create(StatusCodes.Status400BadRequest, error.Message, FieldName.Of(error.Parameter));
        }
        catch (QueueFullException e)
        {
            return Retry(context.HttpContext, StatusCodes.Status503ServiceUnavailable, e.Message, s_retry);
        }
        catch (BadHttpRequestException e)
        {
            return Create(e.StatusCode, e.Message);
        }
    }

    /// <summary>A problem without a type of its own: its title is that of the status.</summary>
    public static ProblemHttpResult Create(int status, string detail, string? parameter = null) => TypedResults.Problem(
        detail, statusCode: status,
        extensions: parameter is null ? null : new Dictionary<string, object?> { ["parameter"] = parameter });

    /// <summary>A problem that is over after some time.</summary>
    public static ProblemHttpResult Retry(HttpContext context, int status, string detail, TimeSpan wait)
    {
        context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return Create(status, detail);
    }
}
