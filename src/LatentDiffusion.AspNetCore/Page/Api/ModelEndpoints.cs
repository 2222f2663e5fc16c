using LatentDiffusion.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary><c>/api/models</c>: what a caller may ask for.</summary>
internal static class ModelEndpoints
{
    private static IEnumerable<RequestSetting> Settings => RequestSettings.All.Where(s =>
        s == RequestSettings.ImageCount || s.Name == nameof(GenerationRequest.Prompt) || SettingFields.Settings.ContainsKey(s.Key));

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/models", ListAsync).Produces<ModelListJson>();
        api.MapGet("/models/{**name}", FindAsync).Produces<ModelJson>().ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, [FromServices] OfferedModels offered, [FromServices] CurrentServerOptions options)
    {
        IReadOnlyList<string> models = await offered.ListAsync(context.RequestAborted).ConfigureAwait(false);
        return TypedResults.Json(
            new ModelListJson(
                Caller.Of(context), models, [.. Settings.Select(s => SettingJson.Create(s, options.Value))],
                JobImages.Names, [.. KnownSchedulers.All.Select(s => s.Name)]),
            JobJson.Options);
    }

    /// <summary>Loads the model if this process has it, which the first job would do anyway.</summary>
    private static async Task<IResult> FindAsync(
        HttpContext context, [FromServices] IImageJobQueue queue, [FromRoute(Name = "name")] string path)
    {
        string name = ModelPath.Name(path);
        if (!(await queue.ModelsAsync(context.RequestAborted).ConfigureAwait(false)).Contains(name))
        {
            return ProblemFilter.Create(
                StatusCodes.Status404NotFound, $"There is no model '{MessageText.Truncate(name, 100)}'.");
        }

        IModelCatalog? catalog = context.RequestServices.GetService<IModelCatalog>();
        DiffusionModel? model = catalog?.Names.Contains(name) is true
            ? await Task.Run(() => catalog.Get(name).Model).ConfigureAwait(false)
            : null;
        return TypedResults.Json(ModelJson.Create(name, model), JobJson.Options);
    }
}
