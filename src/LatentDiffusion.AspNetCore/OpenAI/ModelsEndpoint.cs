namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary><c>GET /v1/models</c>: the models that workers offer, the default one first.</summary>
internal static class ModelsEndpoint
{
    public static void Map(IEndpointRouteBuilder group) => group.MapGet("/models", HandleAsync)
        .Produces<ModelList>()
        .WithTags("Models")
        .WithSummary("Lists the models.");

    private static async Task<IResult> HandleAsync(HttpContext context, OfferedModels offered, ServerStart start)
    {
        IReadOnlyList<string> models = await offered.ListAsync(context.RequestAborted).ConfigureAwait(false);
        return TypedResults.Json(
            new ModelList([.. models.Select(model => new ModelEntry(model, start.UnixSeconds))]), OpenAIJson.Default.ModelList);
    }
}
