namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>The images and the mask of a request, as a model reads them.</summary>
/// <param name="Images">At least one.</param>
/// <param name="Mask">White where the first image is repainted; null for all of it.</param>
internal sealed record EditedImages(IReadOnlyList<ImageBuffer> Images, ImageBuffer? Mask = null)
{
    /// <summary>What the width and height of most models are multiples of.</summary>
    private const int UsualFactor = 8, LargerFactor = 16;

    /// <summary>Sets the images of a request for a model that may not be known.</summary>
    /// <param name="request">The request.</param>
    /// <param name="readsReferences">Whether the model reads references (<see cref="ReferenceModels"/>); null if it is not known.</param>
    /// <returns>The request, and another one for the case that the model refuses its references; null for none.</returns>
    /// <inheritdoc cref="SetOn" path="/exception"/>
    public (GenerationRequest Request, GenerationRequest? Otherwise) Choose(GenerationRequest request, bool? readsReferences)
    {
        bool isOpen = readsReferences is null && Mask is null && request.Strength is null;
        return isOpen
            ? (SetOn(request, true), Images.Count == 1 ? SetOn(request, false) : null)
            : (SetOn(request, readsReferences), null);
    }

    /// <summary>Sets the images of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="readsReferences">Whether the model reads references (<see cref="ReferenceModels"/>).</param>
    /// <exception cref="OpenAIException">The model reads one image and there are several, or the mask has another size.</exception>
    private GenerationRequest SetOn(GenerationRequest request, bool? readsReferences)
    {
        if (readsReferences is true && Mask is null && request.Strength is null) return request with { ReferenceImages = Images };
        ImageBuffer first = Images[0];
        if (Mask is not null && (Mask.Width, Mask.Height) != (first.Width, first.Height))
        {
            throw OpenAIErrors.Invalid(
                $"mask has {Mask.Width} x {Mask.Height} pixels; expected {first.Width} x {first.Height}, the size of image.", "mask");
        }

        if (readsReferences is false && Images.Count > 1)
            throw OpenAIErrors.Invalid($"{Images.Count} images are given; this model reads one.", "image");
        bool isOpen = (request.Width ?? request.Height ?? request.Inpainting?.MaskPadding) is null;
        return request with
        {
            InitialImage = first, Mask = Mask, ReferenceImages = Images.Count > 1 ? [.. Images.Skip(1)] : null,
            // What is under transparent pixels is not part of the image.
            Strength = request.Strength ?? (Mask is null ? null : 1),
            Width = isOpen ? Side(first.Width) : request.Width, Height = isOpen ? Side(first.Height) : request.Height,
        };
    }

    // Photos have sides of any length; those that most models can generate stay.
    private static int Side(int length) => length % UsualFactor == 0
        ? length
        : Math.Max(1, (length + LargerFactor / 2) / LargerFactor) * LargerFactor;
}
