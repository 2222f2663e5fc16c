using LatentDiffusion.AspNetCore;
using LatentDiffusion.AspNetCore.Authentication;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the endpoints of the server.</summary>
public static class LatentDiffusionEndpointExtensions
{
    /// <summary>
    /// Maps all endpoints: the web page at <c>/</c> and its JSON API under <c>/api</c>, the OpenAI images API under <c>/v1</c>, that of
    /// Stable Diffusion web UI under <c>/sdapi/v1</c>, the OpenAPI document at
    /// <c>/openapi/latent-diffusion.json</c>, and health. All except health and
    /// the static files of the page require a caller that
    /// <see cref="LatentDiffusion.AspNetCore.LatentDiffusionServerDefaults.AuthorizationPolicy"/> allows.
    /// </summary>
    /// <param name="endpoints">The application or a group.</param>
    /// <returns>The endpoints except health, for further conventions.</returns>
    /// <exception cref="InvalidOperationException">
    /// <see cref="LatentDiffusionServerServiceCollectionExtensions.AddLatentDiffusionServer(IServiceCollection,
    /// Action{LatentDiffusion.AspNetCore.LatentDiffusionServerOptions})"/> was not called, or there is no queue.
    /// </exception>
    /// <exception cref="OptionsValidationException">The server's options are wrong; the message names them.</exception>
    public static IEndpointConventionBuilder MapLatentDiffusion(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RouteGroupBuilder all = endpoints.MapGroup("");
        all.MapOpenAIImages();
        all.MapWebUIApi();
        all.MapJobsApi();
        all.MapLatentDiffusionPage();
        // A separate path, next to the documents of an application. Only a parameter can name the document.
        const string Name = LatentDiffusionServerDefaults.DocumentName;
        all.MapProtectedGroup().MapOpenApi($"/openapi/{Name}.json/{{documentName={Name}}}");
        endpoints.MapLatentDiffusionHealth();
        return all;
    }
}
