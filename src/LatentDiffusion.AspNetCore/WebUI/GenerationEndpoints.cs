using System.Text.Json.Nodes;
using LatentDiffusion.AspNetCore.Authentication;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary><c>POST /sdapi/v1/txt2img</c> and <c>img2img</c>.</summary>
internal sealed class GenerationEndpoints(
    OfferedModels offered, IImageStore store, OptionsStore options, JobGroup jobs, ModelFacts facts, IImageCodec codec,
    InputImageDecoder decoder, CurrentServerOptions limits, IOptionsMonitor<WebUIApiOptions> settings)
{
    public Task<IResult> TextToImageAsync(HttpContext context) => RunAsync(context, fromImage: false);

    public Task<IResult> ImageToImageAsync(HttpContext context) => RunAsync(context, fromImage: true);

    private async Task<IResult> RunAsync(HttpContext context, bool fromImage)
    {
        CancellationToken left = context.RequestAborted;
        string caller = Caller.Of(context);
        FieldReader fields = await RequestBody.ReadAsync(context).ConfigureAwait(false);
        IReadOnlyList<string> models = await offered.ListAsync(left).ConfigureAwait(false);
        if (models.Count == 0) throw ApiError.Busy("No worker offers a model.");
        ApiOptions kept = await options.ReadAsync(caller, left).ConfigureAwait(false);
        LatentDiffusionServerOptions limit = limits.Value;
        var reader = new GenerationFormReader(
            kept, models, [.. settings.CurrentValue.Styles], limit, new InputImages(codec, new PixelLimit(limit.MaximumInputPixels)));
        GenerationForm form = fromImage
            ? await ReadImagesAsync(reader, fields, left).ConfigureAwait(false)
            : reader.Read(fields, fromImage: false);
        string model = form.Options.Model ?? models[0];
        form = form with { Request = await ModelFields.ApplyAsync(form, model, facts, left).ConfigureAwait(false) };
        if (form.KeepsOptions && form.Options != kept) await options.WriteAsync(caller, form.Options, left).ConfigureAwait(false);

        IReadOnlyList<JobStatus> ended = await jobs.RunAsync(Jobs(form, model, caller), left).ConfigureAwait(false);
        // Skipped iterations have no images; the numbers of the others are those of the request.
        (int Number, StoredImage Image)[] images =
        [
            .. ended.SelectMany((job, iteration) => job.Images.Select((image, i) => (iteration * form.Request.ImageCount + i, image))),
        ];
        byte[][] files = await Task.WhenAll(images.Select(image => ReadAsync(image.Image, left))).ConfigureAwait(false);
        return JsonAnswer.Of(new JsonObject
        {
            ["images"] = new JsonArray([.. form.SendsImages ? files.Select(file => JsonValue.Create(Base64File.Encode(file))) : []]),
            ["parameters"] = form.Fields,
            ["info"] = GenerationInfo.Create(form, model, [.. images.Select(image => image.Number)], files).ToJsonString(),
        });
    }

    private async Task<GenerationForm> ReadImagesAsync(GenerationFormReader reader, FieldReader fields, CancellationToken left)
    {
        using InputImageDecoder.Turn turn = await decoder.TakeTurnAsync(left).ConfigureAwait(false);
        return reader.Read(fields, fromImage: true);
    }

    private static IReadOnlyList<ImageJob> Jobs(GenerationForm form, string model, string caller)
    {
        string request = WebUIJobId.NewRequest();
        return
        [
            .. Enumerable.Range(0, form.Iterations).Select(iteration => new ImageJob
            {
                Id = new WebUIJobId(request, iteration, form.Iterations).ToString(), Model = model, Caller = caller,
                Request = form.RequestOf(iteration), Format = form.Options.ImageFormat, PreviewEvery = form.Options.PreviewEvery,
            }),
        ];
    }

    private async Task<byte[]> ReadAsync(StoredImage image, CancellationToken cancellationToken)
    {
        Stream stream = await store.OpenReadAsync(image.Name, cancellationToken).ConfigureAwait(false)
            ?? throw ApiError.Failed(
                StatusCodes.Status500InternalServerError, "The store lost an image; its retention time may be too short.");
        await using (stream.ConfigureAwait(false))
        {
            var file = new MemoryStream();
            await stream.CopyToAsync(file, cancellationToken).ConfigureAwait(false);
            return file.ToArray();
        }
    }
}
