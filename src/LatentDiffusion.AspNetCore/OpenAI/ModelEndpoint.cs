namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary><c>GET /v1/models/{model}</c>: one model.</summary>
internal static class ModelEndpoint
{
    public static void Map(IEndpointRouteBuilder group) => group.MapGet("/models/{**model}", HandleAsync)
        .Produces<ModelEntry>()
        .Produces<OpenAIErrorResponse>(StatusCodes.Status404NotFound)
        .WithTags("Models")
        .WithSummary("Finds a model.");

    private static async Task<IResult> HandleAsync(string model, HttpContext context, IImageJobQueue queue, ServerStart start)
    {
        string name = ModelPath.Name(model);
        IReadOnlyList<string> models = await queue.ModelsAsync(context.RequestAborted).ConfigureAwait(false);
        return models.Contains(name)
            ? TypedResults.Json(new ModelEntry(name, start.UnixSeconds), OpenAIJson.Default.ModelEntry)
            : throw RequestErrors.UnknownModel(name);
    }
}
