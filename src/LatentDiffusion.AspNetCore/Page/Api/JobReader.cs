namespace LatentDiffusion.AspNetCore.Page;

/// <summary>Makes a job from a request's body: JSON, or a form with files.</summary>
internal sealed class JobReader(InputImageDecoder decoder, IImageCodec codec, CurrentServerOptions options)
{
    private const int LargestPreviewEvery = 1000;

    /// <exception cref="RequestException">The body has another type, or a field is wrong; the message names it.</exception>
    public async Task<ImageJob> ReadAsync(HttpContext context, string defaultModel, string caller)
    {
        LatentDiffusionServerOptions limits = options.Value;
        (JobBody body, Func<string, IReadOnlyList<IFormFile>> files) = await BodyAsync(context, limits).ConfigureAwait(false);
        if (body.Prompt is null) throw RequestErrors.Missing("prompt");
        FieldRules.Length("prompt", body.Prompt, limits.MaximumPromptLength);
        FieldRules.Range("image_count", body.ImageCount, 1, limits.MaximumImages);
        FieldRules.Range("preview_every", body.PreviewEvery, 0, LargestPreviewEvery);
        FieldRules.Range("quality", body.Quality, 1, 100);
        string mediaType = body.MediaType?.ToLowerInvariant() ?? ImageFormat.Png.MediaType;
        FieldRules.Choice("media_type", mediaType, codec.MediaTypes);
        GenerationRequest request = SettingFields.Read(body.Settings, limits) with
        {
            Prompt = body.Prompt, ImageCount = body.ImageCount ?? 1,
        };
        return new ImageJob
        {
            Model = body.Model ?? defaultModel,
            Request = await new JobImages(files, decoder.ForRequest(context.RequestAborted)).SetOnAsync(request).ConfigureAwait(false),
            Format = new ImageFormat(mediaType, body.Quality), PreviewEvery = body.PreviewEvery ?? 0, Caller = caller,
        };
    }

    private static async Task<(JobBody Body, Func<string, IReadOnlyList<IFormFile>> Files)> BodyAsync(
        HttpContext context, LatentDiffusionServerOptions limits)
    {
        if (context.Request.HasJsonContentType())
        {
            JobBody body =
                await JsonBody.ReadAsync(context, JobBodyJson.Default.JobBody, limits.MaximumRequestBytes).ConfigureAwait(false);
            return (body, field => JobImages.Files(body, field));
        }

        if (context.Request.HasFormContentType)
        {
            FormBody<JobBody> form = await FormBody<JobBody>.ReadAsync(
                context, JobBodyJson.Default.JobBody, JobImages.Names, limits.MaximumRequestBytes).ConfigureAwait(false);
            return (form.Fields, form.Files);
        }

        string type = MessageText.Truncate(context.Request.ContentType ?? "", 100);
        throw new RequestException(
            StatusCodes.Status415UnsupportedMediaType,
            $"The content type is '{type}'; expected application/json or multipart/form-data.");
    }
}
