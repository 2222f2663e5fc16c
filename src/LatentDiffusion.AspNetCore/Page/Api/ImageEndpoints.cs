using System.Security.Cryptography;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary><c>/api/images/{name}</c>: images and previews of the caller's jobs. An image of a completed job never changes.</summary>
internal static class ImageEndpoints
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/images/{job}/{**file}", ReadAsync).Produces(StatusCodes.Status200OK).ProducesProblem(StatusCodes.Status404NotFound);

    private static async Task<IResult> ReadAsync(
        HttpContext context, [FromServices] IImageJobQueue queue, [FromServices] IImageStore store, string job, string file)
    {
        JobStatus? status = await CallerJobs.FindAsync(context, queue, job).ConfigureAwait(false);
        string name = $"{job}/{file}";
        StoredImage? image = status?.Images.FirstOrDefault(i => i.Name == name);
        StoredImage? shown = image ?? (status?.Preview?.Name == name ? status.Preview : null);
        byte[]? content = shown is null ? null : await store.ReadAsync(shown, context.RequestAborted).ConfigureAwait(false);
        if (shown is null || content is null) return ProblemFilter.Create(StatusCodes.Status404NotFound, "The image does not exist.");

        IHeaderDictionary headers = context.Response.Headers;
        headers.CacheControl = image is null ? "private, no-cache" : "private, max-age=31536000, immutable";
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        string hash = Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16));
        return TypedResults.Bytes(content, shown.MediaType, entityTag: new EntityTagHeaderValue($"\"{hash}\""));
    }
}
