using LatentDiffusion.AspNetCore.Authentication;
using LatentDiffusion.AspNetCore.Limits;
using Microsoft.AspNetCore.Mvc;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary><c>/api/jobs</c>: adds, lists, shows, follows and cancels jobs.</summary>
internal static class JobEndpoints
{
    private const int DefaultLimit = 100, LargestLimit = 1000;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/jobs", AddAsync).LimitRate().DisableAntiforgery()
            .Produces<JobJson>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType).ProducesProblem(StatusCodes.Status429TooManyRequests)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        api.MapGet("/jobs", ListAsync).Produces<JobListJson>().ProducesProblem(StatusCodes.Status400BadRequest);
        api.MapGet("/jobs/{id}", FindAsync).Produces<JobJson>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapDelete("/jobs/{id}", CancelAsync).Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/jobs/{id}/events", FollowAsync).Produces<JobJson>(contentType: "text/event-stream")
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> AddAsync(
        HttpContext context, [FromServices] JobWatcher jobs, [FromServices] OfferedModels offered, [FromServices] JobReader reader)
    {
        IReadOnlyList<string> models = await offered.ListAsync(context.RequestAborted).ConfigureAwait(false);
        if (models.Count == 0) throw RequestErrors.Unavailable("No worker offers a model now.");
        ImageJob job = await reader.ReadAsync(context, models[0], Caller.Of(context)).ConfigureAwait(false);
        JobStatus added = await jobs.AddAsync(job, context.RequestAborted).ConfigureAwait(false);
        context.Response.Headers.Location = $"{context.Request.PathBase}{context.Request.Path}/{added.Id}";
        return Json(JobJson.Create(added), StatusCodes.Status201Created);
    }

    private static async Task<IResult> ListAsync(HttpContext context, [FromServices] IImageJobQueue queue, int? limit)
    {
        FieldRules.Range(nameof(limit), limit, 1, LargestLimit);
        IReadOnlyList<JobStatus> jobs =
            await queue.ListAsync(Caller.Of(context), limit ?? DefaultLimit, context.RequestAborted).ConfigureAwait(false);
        return Json(new JobListJson([.. jobs.Select(JobJson.Create)]));
    }

    private static async Task<IResult> FindAsync(HttpContext context, [FromServices] IImageJobQueue queue, string id) =>
        await CallerJobs.FindAsync(context, queue, id).ConfigureAwait(false) is { } job ? Json(JobJson.Create(job)) : Missing(id);

    private static async Task<IResult> CancelAsync(HttpContext context, [FromServices] IImageJobQueue queue, string id)
    {
        if (await CallerJobs.FindAsync(context, queue, id).ConfigureAwait(false) is null) return Missing(id);
        return await queue.CancelAsync(id, context.RequestAborted).ConfigureAwait(false)
            ? TypedResults.NoContent()
            : ProblemFilter.Create(StatusCodes.Status409Conflict, "The job has ended.");
    }

    private static async Task<IResult> FollowAsync(
        HttpContext context, [FromServices] IImageJobQueue queue, [FromServices] IImageStore store, string id) =>
        await CallerJobs.FindAsync(context, queue, id).ConfigureAwait(false) is null ? Missing(id) : new JobEvents(queue, store, id);

    private static IResult Json<T>(T value, int status = StatusCodes.Status200OK) =>
        TypedResults.Json(value, JobJson.Options, statusCode: status);

    private static IResult Missing(string id) =>
        ProblemFilter.Create(StatusCodes.Status404NotFound, $"There is no job '{MessageText.Truncate(id, 100)}'.");
}
