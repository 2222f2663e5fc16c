namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>An error as the response.</summary>
internal sealed class OpenAIErrorResult(OpenAIException error) : IResult, IStatusCodeHttpResult
{
    public int? StatusCode => error.Status;

    public Task ExecuteAsync(HttpContext httpContext) => OpenAIErrors.WriteAsync(httpContext, error);
}
