using LatentDiffusion.AspNetCore.Authentication;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Makes jobs from the fields of requests.</summary>
internal sealed class ImageJobFactory(OfferedModels offered, CurrentServerOptions options)
{
    /// <summary>A job without the images of a form.</summary>
    /// <param name="context">The request.</param>
    /// <param name="body">Its fields.</param>
    /// <param name="needsPrompt">Whether it must have a prompt.</param>
    /// <exception cref="RequestException">A field is wrong, or the model does not exist.</exception>
    public async Task<ImageJob> CreateAsync(HttpContext context, ImageRequestBody body, bool needsPrompt = true)
    {
        if (needsPrompt && string.IsNullOrEmpty(body.Prompt)) throw RequestErrors.Missing("prompt");
        ImageFieldRules.Check(body, options.Value);
        GenerationRequest request = SettingFields.Read(body.Settings, options.Value);
        (int? width, int? height) = ImageFieldRules.Size(body);
        if (width is not null && (request.Width ?? request.Height) is not null)
            throw RequestErrors.Invalid($"size is '{body.Size}'; expected none together with width or height.", "size");
        request = request with
        {
            Prompt = body.Prompt ?? "", ImageCount = body.N ?? 1, Width = width ?? request.Width, Height = height ?? request.Height,
        };
        return new ImageJob
        {
            Model = await ModelAsync(body.Model, context.RequestAborted).ConfigureAwait(false), Request = request,
            Format = ImageFieldRules.Format(body), Caller = Caller.Of(context), PreviewEvery = PreviewEvery(body, request),
        };
    }

    private async Task<string> ModelAsync(string? wanted, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> models = await offered.ListAsync(cancellationToken).ConfigureAwait(false);
        if (models.Count == 0) throw RequestErrors.Unavailable("No worker offers a model now.");
        return wanted is null ? models[0] : models.Contains(wanted) ? wanted : throw RequestErrors.UnknownModel(wanted);
    }

    // Where the model chooses the number of steps, every step: few-step models have no more than the images that are asked for.
    private static int PreviewEvery(ImageRequestBody body, GenerationRequest request) =>
        body.PartialImages is not > 0 ? 0 : Math.Max(1, (request.Steps ?? 1) / (body.PartialImages.Value + 1));
}
