namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>An error as the response.</summary>
internal sealed class OpenAIErrorResult(RequestException error) : IResult, IStatusCodeHttpResult
{
    public int? StatusCode => error.Status;

    public Task ExecuteAsync(HttpContext httpContext) => OpenAIErrorResponse.WriteAsync(httpContext, error);
}
