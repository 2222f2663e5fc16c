namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>What the endpoints that generate images have in common.</summary>
internal static class ImageEndpointConventions
{
    /// <summary>Describes the responses for the OpenAPI document.</summary>
    public static RouteHandlerBuilder ProducesImages(this RouteHandlerBuilder endpoint)
    {
        int[] errors =
        [
            StatusCodes.Status400BadRequest, StatusCodes.Status401Unauthorized, StatusCodes.Status404NotFound,
            StatusCodes.Status413PayloadTooLarge, StatusCodes.Status429TooManyRequests, StatusCodes.Status500InternalServerError,
            StatusCodes.Status503ServiceUnavailable, StatusCodes.Status504GatewayTimeout,
        ];
        foreach (int status in errors) endpoint.Produces<OpenAIErrorResponse>(status);
        return endpoint.Produces<ImagesResponse>().WithTags("Images");
    }
}
