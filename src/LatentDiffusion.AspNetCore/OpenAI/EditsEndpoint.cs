namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary><c>POST /v1/images/edits</c>: images from text and images. What a mask leaves transparent is repainted.</summary>
internal static class EditsEndpoint
{
    private const string Image = "image", Mask = "mask", ControlImages = "control_images", AdapterImages = "adapter_images";

    public static void Map(IEndpointRouteBuilder group) => group.MapPost("/images/edits", HandleAsync)
        .LimitRate()
        .WithMetadata(new RequestDescription("multipart/form-data", Image, Mask, ControlImages, AdapterImages))
        .ProducesImages()
        .WithSummary("Edits images by a prompt.");

    private static async Task<IResult> HandleAsync(
        HttpContext context, ImageJobFactory jobs, InputImageDecoder decoder, ReferenceModels models, ImageAnswers answers,
        IOptions<LatentDiffusionServerOptions> options)
    {
        string[] files = [Image, Mask, ControlImages, AdapterImages];
        FormBody form = await FormBody.ReadAsync(context, files, options.Value.MaximumRequestBytes).ConfigureAwait(false);
        ImageJob job = await jobs.CreateAsync(context, form.Fields).ConfigureAwait(false);
        bool? readsReferences = await models.ReadsReferenceImagesAsync(job.Model, context.RequestAborted).ConfigureAwait(false);
        IReadOnlyList<ImageBuffer> images =
            await DecodeAsync(Image).ConfigureAwait(false) ?? throw OpenAIErrors.Missing(Image);
        ImageBuffer? mask = await MaskAsync(form, decoder, readsReferences is true, context.RequestAborted).ConfigureAwait(false);
        GenerationRequest controlled = job.Request with
        {
            ControlImages = await DecodeAsync(ControlImages).ConfigureAwait(false),
            AdapterImages = await DecodeAsync(AdapterImages).ConfigureAwait(false),
        };
        (GenerationRequest request, GenerationRequest? otherwise) = new EditedImages(images, mask).Choose(controlled, readsReferences);
        return await answers.CreateAsync(context, job with { Request = request }, form.Fields, "image_edit", otherwise)
            .ConfigureAwait(false);

        async Task<IReadOnlyList<ImageBuffer>?> DecodeAsync(string field)
        {
            var decoded = new List<ImageBuffer>();
            foreach (IFormFile file in form.Files(field))
                decoded.Add(await decoder.DecodeAsync(file, field, context.RequestAborted).ConfigureAwait(false));
            return decoded.Count > 0 ? decoded : null;
        }
    }

    /// <summary>The transparent pixels of the mask or, without one, of the image.</summary>
    private static async Task<ImageBuffer?> MaskAsync(
        FormBody form, InputImageDecoder decoder, bool readsReferences, CancellationToken cancellationToken)
    {
        if (form.Files(Mask) is [var file, .. var more])
        {
            if (more.Length > 0) throw OpenAIErrors.Invalid("Several masks are given; expected one.", Mask);
            ImageBuffer? mask = await decoder.DecodeTransparencyAsync(file, Mask, cancellationToken).ConfigureAwait(false);
            return mask is not null && Repaints(mask)
                ? mask
                : throw OpenAIErrors.Invalid("mask has no transparent pixels; expected them where the image is repainted.", Mask);
        }

        if (readsReferences) return null;
        ImageBuffer? transparency =
            await decoder.DecodeTransparencyAsync(form.Files(Image)[0], Image, cancellationToken).ConfigureAwait(false);
        return transparency is not null && Repaints(transparency) ? transparency : null;
    }

    // Grey counts as the nearer of black and white.
    private static bool Repaints(ImageBuffer mask) => mask.Rgb.IndexOfAnyInRange<byte>(128, byte.MaxValue) >= 0;
}
