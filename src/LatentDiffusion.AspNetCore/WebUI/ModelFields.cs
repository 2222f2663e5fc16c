namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Settings of a request that depend on its model.</summary>
internal static class ModelFields
{
    /// <summary>The web UI's default, which clients send with any model.</summary>
    private const double DefaultImageScale = 1.5;

    /// <summary>The request for a model.</summary>
    /// <exception cref="ApiError">The model does not have a setting.</exception>
    public static async Task<GenerationRequest> ApplyAsync(
        GenerationForm form, string model, ModelFacts facts, CancellationToken cancellationToken)
    {
        GenerationRequest request = form.Request;
        // The default is up to the pipeline.
        if (form.Options.ClipSkip > 1) request = request with { ClipSkip = form.Options.ClipSkip };
        if (request.ImageGuidanceScale is not { } scale) return request;
        DiffusionPipeline? editing = await facts.FindAsync(model, cancellationToken).ConfigureAwait(false);
        bool edits = editing?.Model is { } loaded
            && loaded.Denoiser.Description.ConcatenatedChannels == loaded.Autoencoder.LatentChannels;
        if (edits) return request with { ReferenceImages = [request.InitialImage!] };
        return scale is DefaultImageScale or 0
            ? request with { ImageGuidanceScale = null }
            : throw ApiError.Invalid(new FieldError(
                "image_cfg_scale",
                $"image_cfg_scale: '{model}' does not edit images by instruction; expected {DefaultImageScale} or null."));
    }
}
