using LatentDiffusion.AspNetCore.Authentication;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary><c>GET</c> and <c>POST /sdapi/v1/options</c>.</summary>
internal static class OptionsEndpoints
{
    public static async Task<IResult> GetAsync(HttpContext context, OfferedModels offered, OptionsStore store)
    {
        CancellationToken aborted = context.RequestAborted;
        ApiOptions options = await store.ReadAsync(Caller.Of(context), aborted).ConfigureAwait(false);
        return JsonAnswer.Of(options.ToJson(await offered.ListAsync(aborted).ConfigureAwait(false)));
    }

    public static async Task<IResult> PostAsync(HttpContext context, OfferedModels offered, OptionsStore store)
    {
        CancellationToken aborted = context.RequestAborted;
        FieldReader fields = await RequestBody.ReadAsync(context).ConfigureAwait(false);
        string caller = Caller.Of(context);
        ApiOptions before = await store.ReadAsync(caller, aborted).ConfigureAwait(false);
        ApiOptions options = before.With(fields, await offered.ListAsync(aborted).ConfigureAwait(false));
        if (options != before) await store.WriteAsync(caller, options, aborted).ConfigureAwait(false);
        return JsonAnswer.Null;
    }
}
