using Microsoft.Net.Http.Headers;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>Serves the page's files. The address of a script or style has a hash of them all, so that browsers keep it for good.</summary>
internal static class PageEndpoints
{
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const string Revalidated = "no-cache", Immutable = "public, max-age=31536000, immutable";

    public static RouteGroupBuilder Map(IEndpointRouteBuilder endpoints, string path)
    {
        string folder = path.TrimEnd('/');
        RouteGroupBuilder page = endpoints.MapGroup(folder);
        page.MapMethods("/", [HttpMethods.Get, HttpMethods.Head], (HttpContext context) => Start(context, folder));
        page.MapMethods(
            $"/studio-{PageFiles.Version}/{{file}}", [HttpMethods.Get, HttpMethods.Head],
            (HttpContext context, string file) => Asset(context, file));
        page.AllowAnonymous().ExcludeFromDescription();
        return page;
    }

    private static IResult Start(HttpContext context, string folder)
    {
        // Addresses on the page are relative, so that it works behind proxies that remove a prefix. They need the final slash.
        string address = context.Request.PathBase + context.Request.Path;
        if (!address.EndsWith('/')) return TypedResults.Redirect($"{address[(address.LastIndexOf('/') + 1)..]}/");

        string up = string.Concat(Enumerable.Repeat("../", folder.Count(c => c == '/')));
        return Send(context, PageFiles.Start(api: $"{up}api/"), Revalidated);
    }

    private static IResult Asset(HttpContext context, string file) =>
        PageFiles.Find(file) is { } asset ? Send(context, asset, Immutable) : TypedResults.NotFound();

    private static IResult Send(HttpContext context, PageFile file, string caching)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.CacheControl = caching;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        return TypedResults.Bytes(file.Content, file.MediaType, entityTag: new EntityTagHeaderValue($"\"{file.Hash}\""));
    }
}
