namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>The images and the mask of a request, as a model reads them.</summary>
/// <param name="Images">At least one.</param>
/// <param name="Mask">White where the first image is repainted; null for all of it.</param>
internal sealed record EditedImages(IReadOnlyList<ImageBuffer> Images, ImageBuffer? Mask = null)
{
    /// <summary>Sets the images of a request for a model that may not be known.</summary>
    /// <param name="request">The request.</param>
    /// <param name="model">The model.</param>
    /// <returns>The request, and another one for the case that the model refuses its references; null for none.</returns>
    /// <inheritdoc cref="SetOn" path="/exception"/>
    public (GenerationRequest Request, GenerationRequest? Otherwise) Choose(GenerationRequest request, EditingModel model)
    {
        bool isOpen = model.ReadsReferences is null && Mask is null && request.Strength is null;
        if (!isOpen) return (SetOn(request, model), null);
        GenerationRequest? otherwise = Images.Count == 1 ? SetOn(request, model with { ReadsReferences = false }) : null;
        return (SetOn(request, model with { ReadsReferences = true }), otherwise);
    }

    /// <summary>Sets the images of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="RequestException">The model reads one image and there are several, or the mask has another size.</exception>
    private GenerationRequest SetOn(GenerationRequest request, EditingModel model)
    {
        if (model.ReadsReferences is true && Mask is null && request.Strength is null) return request with { ReferenceImages = Images };
        ImageBuffer first = Images[0];
        if (Mask is not null && (Mask.Width, Mask.Height) != (first.Width, first.Height))
        {
            throw RequestErrors.Invalid(
                $"mask has {Mask.Width} x {Mask.Height} pixels; expected {first.Width} x {first.Height}, the size of image.", "mask");
        }

        if (model.ReadsReferences is false && Images.Count > 1)
            throw RequestErrors.Invalid($"{Images.Count} images are given; this model reads one.", "image");
        bool isOpen = (request.Width ?? request.Height ?? request.Inpainting?.MaskPadding) is null;
        (int Width, int Height)? size = isOpen ? model.SizeFor(first) : null;
        return request with
        {
            InitialImage = first, Mask = Mask, ReferenceImages = Images.Count > 1 ? [.. Images.Skip(1)] : null,
            // What is under transparent pixels is not part of the image.
            Strength = request.Strength ?? (Mask is null ? null : 1),
            Width = size?.Width ?? request.Width, Height = size?.Height ?? request.Height,
        };
    }
}
