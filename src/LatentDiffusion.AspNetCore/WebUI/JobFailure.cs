namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Failed jobs as answers.</summary>
internal static class JobFailure
{
    /// <summary>Fields by the names of a request's properties.</summary>
    private static readonly Dictionary<string, string> s_fields = new()
    {
        [nameof(GenerationRequest.Prompt)] = "prompt", [nameof(GenerationRequest.NegativePrompt)] = "negative_prompt",
        [nameof(GenerationRequest.Seed)] = "seed", [nameof(GenerationRequest.VariationSeed)] = "subseed",
        [nameof(GenerationRequest.VariationStrength)] = "subseed_strength", [nameof(GenerationRequest.Steps)] = "steps",
        [nameof(GenerationRequest.GuidanceScale)] = "cfg_scale", [nameof(GenerationRequest.SchedulerName)] = "sampler_name",
        [nameof(GenerationRequest.Width)] = "width", [nameof(GenerationRequest.Height)] = "height",
        ["InitialImage.Width"] = "width", ["InitialImage.Height"] = "height",
        [nameof(GenerationRequest.InitialImage)] = "init_images", [nameof(GenerationRequest.Mask)] = "mask",
        [nameof(GenerationRequest.Strength)] = "denoising_strength", [nameof(GenerationRequest.ImageCount)] = "batch_size",
        [nameof(GenerationRequest.Eta)] = "eta", [nameof(GenerationRequest.Churn)] = "s_churn",
        [nameof(GenerationRequest.ClipSkip)] = ApiOptions.ClipSkipField, [nameof(GenerationRequest.ImageGuidanceScale)] = "image_cfg_scale",
        ["Inpainting.MaskBlur"] = "mask_blur", ["Inpainting.MaskPadding"] = "inpaint_full_res_padding",
        [nameof(GenerationRequest.Upscale)] = "hr_scale", ["Upscale.Width"] = "hr_scale", ["Upscale.Height"] = "hr_scale",
        ["Upscale.Strength"] = "denoising_strength", ["Upscale.Steps"] = "hr_second_pass_steps", ["Upscale.Upscaler"] = "hr_upscaler",
    };

    public static ApiError FromError(JobError error) => error.Kind switch
    {
        JobErrorKind.InvalidRequest or JobErrorKind.LimitExceeded => Refused(error.Message, error.Parameter),
        JobErrorKind.Busy => ApiError.Busy(error.Message),
        JobErrorKind.TimedOut => ApiError.Failed(StatusCodes.Status504GatewayTimeout, error.Message),
        _ => ApiError.Failed(StatusCodes.Status500InternalServerError, error.Message),
    };

    /// <param name="message">The message, which names the property.</param>
    /// <param name="property">The property; null where none is to blame.</param>
    private static ApiError Refused(string message, string? property) =>
        property is not null && s_fields.TryGetValue(property, out string? field)
            ? ApiError.Invalid(new FieldError(field, $"{field}: {message}"))
            : ApiError.Invalid(new FieldError([], message));
}
