using LatentDiffusion.AspNetCore.Authentication;
using LatentDiffusion.AspNetCore.Limits;
using LatentDiffusion.AspNetCore.WebUI;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the API of Stable Diffusion web UI (AUTOMATIC1111).</summary>
public static class WebUIEndpointExtensions
{
    private const string Root = "/sdapi/v1";

    /// <summary>Of endpoints that limit their bodies themselves (<see cref="RequestBody"/>).</summary>
    private static RequestSizeLimit OwnLimit { get; } = new(null);

    /// <summary>
    /// Maps the API of Stable Diffusion web UI (AUTOMATIC1111) under <c>/sdapi/v1</c>, with its field names and errors: <c>txt2img</c>,
    /// <c>img2img</c>, <c>extra-single-image</c>, <c>png-info</c>, <c>progress</c>, <c>interrupt</c>, <c>skip</c>, <c>options</c> and the
    /// lists of models, samplers, schedulers, upscalers, LoRAs, embeddings and styles. Options, progress and interrupts are those of the
    /// caller. All endpoints require a caller that
    /// <see cref="LatentDiffusion.AspNetCore.LatentDiffusionServerDefaults.AuthorizationPolicy"/> allows; the password of basic
    /// authentication is the API key.
    /// </summary>
    /// <param name="endpoints">The application or a group.</param>
    /// <returns>The endpoints, for further conventions.</returns>
    /// <exception cref="InvalidOperationException">
    /// <see cref="LatentDiffusionServerServiceCollectionExtensions.AddLatentDiffusionServer(IServiceCollection,
    /// Action{LatentDiffusion.AspNetCore.LatentDiffusionServerOptions})"/> was not called, or there is no queue.
    /// </exception>
    public static IEndpointConventionBuilder MapWebUIApi(this IEndpointRouteBuilder endpoints)
    {
        RouteGroupBuilder group = endpoints.MapProtectedGroup().MapGroup(Root).WithTags("Stable Diffusion web UI");
        group.AddEndpointFilter<WebUIErrorFilter>();
        MapImages(group);
        // Not as a RequestDelegate, which would not write the result.
        group.MapPost("/png-info", (Delegate)PngInfoEndpoint.PostAsync).WithMetadata(OwnLimit);
        group.MapGet("/progress", ProgressEndpoints.ProgressAsync);
        group.MapPost("/interrupt", ProgressEndpoints.InterruptAsync);
        group.MapPost("/skip", ProgressEndpoints.SkipAsync);
        group.MapGet("/options", OptionsEndpoints.GetAsync);
        group.MapPost("/options", OptionsEndpoints.PostAsync).WithMetadata(OwnLimit);
        MapLists(group);
        return group;
    }

    private static void MapImages(RouteGroupBuilder group)
    {
        RouteGroupBuilder images = group.MapGroup("");
        images.AddEndpointFilter<WebUIRateLimitFilter>();
        images.WithMetadata(OwnLimit);
        images.MapPost("/txt2img", (HttpContext context, GenerationEndpoints generation) => generation.TextToImageAsync(context));
        images.MapPost("/img2img", (HttpContext context, GenerationEndpoints generation) => generation.ImageToImageAsync(context));
        images.MapPost("/extra-single-image", (HttpContext context, UpscalingEndpoint upscaling) => upscaling.PostAsync(context));
    }

    private static void MapLists(RouteGroupBuilder group)
    {
        group.MapGet("/sd-models", ListEndpoints.ModelsAsync);
        group.MapGet("/samplers", ListEndpoints.Samplers);
        group.MapGet("/schedulers", ListEndpoints.Schedulers);
        group.MapGet("/upscalers", ListEndpoints.UpscalersAsync);
        group.MapGet("/latent-upscale-modes", ListEndpoints.LatentUpscaleModes);
        group.MapGet("/loras", ListEndpoints.LorasAsync);
        group.MapGet("/embeddings", ListEndpoints.EmbeddingsAsync);
        group.MapGet("/prompt-styles", ListEndpoints.Styles);
        group.MapGet("/cmd-flags", ListEndpoints.Flags);
        group.MapGet("/memory", ListEndpoints.Memory);
        group.MapGet("/scripts", ListEndpoints.Scripts);
        foreach (string nothing in new[] { "sd-vae", "hypernetworks", "face-restorers", "realesrgan-models", "script-info", "extensions" })
            group.MapGet($"/{nothing}", ListEndpoints.Nothing);
        // Models are registered at start, and folders of LoRAs are read at each use.
        foreach (string refresh in new[] { "refresh-checkpoints", "refresh-vae", "refresh-loras" })
            group.MapPost($"/{refresh}", () => JsonAnswer.Null);
    }
}
