using LatentDiffusion.AspNetCore.Authentication;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary><c>GET /v1/images/files/{job}/{file}</c>: an image of a job of the same caller.</summary>
internal static class ImageFileEndpoint
{
    public static void Map(IEndpointRouteBuilder group) => group.MapGet(ImageUrls.Pattern, HandleAsync)
        .Produces(StatusCodes.Status200OK, null, "image/png", "image/jpeg", "image/webp")
        .Produces<OpenAIErrorResponse>(StatusCodes.Status404NotFound)
        .WithTags("Images")
        .WithSummary("Downloads an image of a response with URLs.");

    private static async Task<IResult> HandleAsync(
        string job, string file, HttpContext context, IImageJobQueue queue, IImageStore store)
    {
        JobStatus? status = await queue.FindAsync(job, context.RequestAborted).ConfigureAwait(false);
        StoredImage? image = status?.Caller == Caller.Of(context)
            ? status.Images.FirstOrDefault(i => i.Name == $"{job}/{file}")
            : null;
        Stream? content = image is null ? null : await store.OpenReadAsync(image.Name, context.RequestAborted).ConfigureAwait(false);
        if (content is null)
        {
            throw new RequestException(
                StatusCodes.Status404NotFound, "The image does not exist, or it has been deleted.", null, "not_found");
        }

        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "private, max-age=3600";
        return TypedResults.Stream(content, image!.MediaType);
    }
}
