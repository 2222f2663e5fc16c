using LatentDiffusion.AspNetCore.Limits;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary><c>POST /v1/images/variations</c>: images like an image.</summary>
internal static class VariationsEndpoint
{
    private const string Image = "image";

    /// <summary>How much of the image is generated again, unless the request says so: the subject stays, details change.</summary>
    private const double Strength = 0.6;

    public static void Map(IEndpointRouteBuilder group) => group.MapPost("/images/variations", HandleAsync)
        .LimitRate()
        .WithMetadata(new RequestDescription("multipart/form-data", Image))
        .ProducesImages()
        .WithSummary("Generates variations of an image.");

    private static async Task<IResult> HandleAsync(
        HttpContext context, ImageJobFactory jobs, InputImageDecoder decoder, ReferenceModels models, ImageAnswers answers,
        IOptions<LatentDiffusionServerOptions> options)
    {
        FormBody<ImageRequestBody> form = await FormBody<ImageRequestBody>.ReadAsync(
            context, OpenAIForms.ImageRequestBody, [Image], options.Value.MaximumRequestBytes).ConfigureAwait(false);
        ImageJob job = await jobs.CreateAsync(context, form.Fields, needsPrompt: false).ConfigureAwait(false);
        if (form.Files(Image) is not [var file, .. var more]) throw RequestErrors.Missing(Image);
        if (more.Length > 0) throw RequestErrors.Invalid("Several images are given; expected one.", Image);
        EditingModel model = await models.FindAsync(job.Model, context.RequestAborted).ConfigureAwait(false);
        ImageBuffer image =
            await decoder.ForRequest(context.RequestAborted).DecodeAsync(file, Image, RgbColor.White).ConfigureAwait(false);
        (GenerationRequest request, GenerationRequest? otherwise) = new EditedImages([image]).Choose(job.Request, model);
        return await answers.CreateAsync(
            context, job with { Request = Varied(request) }, form.Fields, "image_variation", otherwise is null ? null : Varied(otherwise))
            .ConfigureAwait(false);
    }

    private static GenerationRequest Varied(GenerationRequest request) =>
        request.InitialImage is null ? request : request with { Strength = request.Strength ?? Strength };
}
