using LatentDiffusion.AspNetCore.Authentication;
using LatentDiffusion.AspNetCore.Page;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the web page and the JSON API that it uses.</summary>
public static class LatentDiffusionPageEndpointExtensions
{
    /// <summary>
    /// Maps the web page "LatentDiffusion Studio": static files of this assembly, which load nothing from other servers. The page needs
    /// <see cref="MapJobsApi"/> on the same route builder. Its files hold no data and answer every client, so that the page can ask for an
    /// API key, which it keeps as long as its tab is open.
    /// </summary>
    /// <param name="endpoints">The application or a group.</param>
    /// <param name="path">Path of the page, for example <c>/studio</c>. Default <c>/</c>.</param>
    /// <returns>The page's files, for further conventions.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> does not begin with a slash, or has parameters.</exception>
    public static IEndpointConventionBuilder MapLatentDiffusionPage(this IEndpointRouteBuilder endpoints, string path = "/")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path[0] != '/' || path.AsSpan().IndexOfAny("{}*?#") >= 0)
            throw new ArgumentException($"The path is '{path}'; expected a slash and a path without parameters.", nameof(path));
        return PageEndpoints.Map(endpoints, path);
    }

    /// <summary>
    /// Maps the JSON API of the page: <c>/api/jobs</c>, <c>/api/images</c> and <c>/api/models</c>. It requires a caller that
    /// <see cref="LatentDiffusion.AspNetCore.LatentDiffusionServerDefaults.AuthorizationPolicy"/> allows. Callers see only their own jobs
    /// and images: those whose <see cref="ImageJob.Caller"/> is their name. Callers without a name share theirs. Errors are problem details
    /// (RFC 9457).
    /// </summary>
    /// <param name="endpoints">The application or a group.</param>
    /// <returns>The endpoints, for further conventions.</returns>
    /// <exception cref="InvalidOperationException">
    /// <see cref="LatentDiffusionServerServiceCollectionExtensions.AddLatentDiffusionServer(IServiceCollection,
    /// Action{LatentDiffusion.AspNetCore.LatentDiffusionServerOptions})"/> was not called, or there is no queue.
    /// </exception>
    public static IEndpointConventionBuilder MapJobsApi(this IEndpointRouteBuilder endpoints)
    {
        RouteGroupBuilder api = endpoints.MapProtectedGroup().MapGroup("/api");
        api.AddEndpointFilter<RouteGroupBuilder, ProblemFilter>();
        JobEndpoints.Map(api);
        ImageEndpoints.Map(api);
        ModelEndpoints.Map(api);
        return api;
    }
}
