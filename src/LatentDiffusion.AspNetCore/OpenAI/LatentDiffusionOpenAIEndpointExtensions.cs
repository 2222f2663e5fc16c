using LatentDiffusion.AspNetCore.Authentication;
using LatentDiffusion.AspNetCore.OpenAI;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the OpenAI images API.</summary>
public static class LatentDiffusionOpenAIEndpointExtensions
{
    /// <summary>
    /// Maps the OpenAI images API: <c>POST /v1/images/generations</c>, <c>/v1/images/edits</c> and <c>/v1/images/variations</c>,
    /// <c>GET /v1/models</c> and <c>/v1/models/{model}</c>, and <c>GET /v1/images/files/…</c> for responses with URLs. Requests may have
    /// the settings of <see cref="LatentDiffusion.RequestSettings"/> as additional fields, for example <c>seed</c>, <c>steps</c> and
    /// <c>guidance_scale</c>.
    /// </summary>
    /// <param name="endpoints">The application or a group.</param>
    /// <returns>The endpoints, for further conventions.</returns>
    /// <exception cref="InvalidOperationException">Services of the server or the queue are missing.</exception>
    public static IEndpointConventionBuilder MapOpenAIImages(this IEndpointRouteBuilder endpoints)
    {
        RouteGroupBuilder all = endpoints.MapProtectedGroup();
        RouteGroupBuilder group = all.MapGroup("/v1").AddEndpointFilter<RouteGroupBuilder, OpenAIErrorFilter>();
        GenerationsEndpoint.Map(group);
        EditsEndpoint.Map(group);
        VariationsEndpoint.Map(group);
        ModelsEndpoint.Map(group);
        ModelEndpoint.Map(group);
        ImageFileEndpoint.Map(group);
        return all;
    }
}
