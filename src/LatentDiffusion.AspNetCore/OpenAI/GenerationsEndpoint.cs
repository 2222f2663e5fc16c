namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary><c>POST /v1/images/generations</c>: images from text.</summary>
internal static class GenerationsEndpoint
{
    public static void Map(IEndpointRouteBuilder group) => group.MapPost("/images/generations", HandleAsync)
        .LimitRate()
        .WithMetadata(new RequestDescription("application/json"))
        .ProducesImages()
        .WithSummary("Generates images from a prompt.");

    private static async Task<IResult> HandleAsync(
        HttpContext context, ImageJobFactory jobs, ImageAnswers answers, IOptions<LatentDiffusionServerOptions> options)
    {
        ImageRequestBody body = await JsonBody.ReadAsync(context, options.Value.MaximumRequestBytes).ConfigureAwait(false);
        ImageJob job = await jobs.CreateAsync(context, body).ConfigureAwait(false);
        return await answers.CreateAsync(context, job, body, "image_generation").ConfigureAwait(false);
    }
}
