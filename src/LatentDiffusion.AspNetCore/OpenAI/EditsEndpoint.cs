using LatentDiffusion.AspNetCore.Limits;

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
        FormBody<ImageRequestBody> form = await FormBody<ImageRequestBody>.ReadAsync(
            context, OpenAIForms.ImageRequestBody, files, options.Value.MaximumRequestBytes).ConfigureAwait(false);
        ImageJob job = await jobs.CreateAsync(context, form.Fields).ConfigureAwait(false);
        EditingModel model = await models.FindAsync(job.Model, context.RequestAborted).ConfigureAwait(false);
        RequestImages images = decoder.ForRequest(context.RequestAborted);
        IReadOnlyList<ImageBuffer> originals =
            await images.DecodeAsync(form.Files(Image), Image, RgbColor.White).ConfigureAwait(false) ?? throw RequestErrors.Missing(Image);
        ImageBuffer? mask = await MaskAsync(form, images, model.ReadsReferences is true).ConfigureAwait(false);
        GenerationRequest controlled = job.Request with
        {
            ControlImages = await images.DecodeAsync(form.Files(ControlImages), ControlImages, RgbColor.Black).ConfigureAwait(false),
            AdapterImages = await images.DecodeAsync(form.Files(AdapterImages), AdapterImages, RgbColor.Black).ConfigureAwait(false),
        };
        (GenerationRequest request, GenerationRequest? otherwise) = new EditedImages(originals, mask).Choose(controlled, model);
        return await answers.CreateAsync(context, job with { Request = request }, form.Fields, "image_edit", otherwise)
            .ConfigureAwait(false);
    }

    /// <summary>The transparent pixels of the mask or, without one, of the image.</summary>
    private static async Task<ImageBuffer?> MaskAsync(FormBody<ImageRequestBody> form, RequestImages images, bool readsReferences)
    {
        if (form.Files(Mask) is [var file, .. var more])
        {
            if (more.Length > 0) throw RequestErrors.Invalid("Several masks are given; expected one.", Mask);
            ImageBuffer? mask = await images.DecodeTransparencyAsync(file, Mask).ConfigureAwait(false);
            return mask is not null && Repaints(mask)
                ? mask
                : throw RequestErrors.Invalid("mask has no transparent pixels; expected them where the image is repainted.", Mask);
        }

        if (readsReferences) return null;
        ImageBuffer? transparency = await images.DecodeTransparencyAsync(form.Files(Image)[0], Image).ConfigureAwait(false);
        return transparency is not null && Repaints(transparency) ? transparency : null;
    }

    // Grey counts as the nearer of black and white.
    private static bool Repaints(ImageBuffer mask) => mask.Rgb.IndexOfAnyInRange<byte>(128, byte.MaxValue) >= 0;
}
