using LatentDiffusion.AspNetCore.Limits;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary><c>POST /v1/images/generations</c>: images from text.</summary>
internal static class GenerationsEndpoint
{
    /// <summary>The most bytes of a body, which has no images.</summary>
    private const long MaximumBytes = 4L << 20;

    public static void Map(IEndpointRouteBuilder group) => group.MapPost("/images/generations", HandleAsync)
        .LimitRate()
        .WithMetadata(new RequestDescription("application/json"))
        .ProducesImages()
        .WithSummary("Generates images from a prompt.");

    private static async Task<IResult> HandleAsync(
        HttpContext context, ImageJobFactory jobs, ImageAnswers answers, IOptions<LatentDiffusionServerOptions> options)
    {
        long maximum = Math.Min(options.Value.MaximumRequestBytes, MaximumBytes);
        ImageRequestBody body = await JsonBody.ReadAsync(context, OpenAIJson.Default.ImageRequestBody, maximum).ConfigureAwait(false);
        ImageJob job = await jobs.CreateAsync(context, body).ConfigureAwait(false);
        return await answers.CreateAsync(context, job, body, "image_generation").ConfigureAwait(false);
    }
}
