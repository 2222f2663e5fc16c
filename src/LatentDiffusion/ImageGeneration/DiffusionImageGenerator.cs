using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Mime;
using Microsoft.Extensions.AI;

namespace LatentDiffusion;

/// <summary>
/// A pipeline as the <see cref="IImageGenerator"/> of Microsoft.Extensions.AI. Safe for concurrent use. Does not own the
/// pipeline.
/// </summary>
/// <param name="pipeline">The pipeline.</param>
[Experimental("MEAI001")]
public sealed class DiffusionImageGenerator(DiffusionPipeline pipeline) : IImageGenerator
{
    private readonly DiffusionPipeline _pipeline = pipeline ?? throw new ArgumentNullException(nameof(pipeline));
    private readonly ImageGeneratorMetadata _metadata = new(LatentDiffusionDiagnostics.ProviderName, null, pipeline.ModelId);

    /// <summary>Generates images from text, or from text and an image.</summary>
    /// <param name="request">
    /// The prompt, and original images, each a <see cref="DataContent"/> that the pipeline's codec reads. They become the
    /// <see cref="GenerationRequest.ReferenceImages"/> where the model reads such. One image becomes the
    /// <see cref="GenerationRequest.InitialImage"/> of other models, or where the options have a strength or a mask. The transparent pixels
    /// of an initial image without a mask are repainted. Without a size, the result has the initial image's, rounded to the nearest that
    /// the pipeline can generate (<see cref="DiffusionPipeline.NearestSize"/>).
    /// </param>
    /// <param name="options">
    /// <para><see cref="ImageGenerationOptions.RawRepresentationFactory"/> may give a <see cref="GenerationRequest"/>, whose
    /// prompt is used if the request has none. Properties that it leaves null are filled from the other options.</para>
    /// <para><see cref="ImageGenerationOptions.AdditionalProperties"/> override both; their names are those of
    /// <see cref="GenerationMetadata.RequestKeys"/>: <c>negative_prompt</c>, <c>seed</c>, <c>steps</c>, <c>guidance_scale</c> and the
    /// others. A <c>mask</c> is a <see cref="DataContent"/> of the original image's size whose transparent pixels are repainted.</para>
    /// <para><see cref="ImageGenerationOptions.MediaType"/> is one that the pipeline's codec writes, <c>image/png</c> by default.</para>
    /// </param>
    /// <param name="cancellationToken">Checked before each evaluation of the network.</param>
    /// <returns>
    /// A <see cref="DataContent"/> for each image, whose raw representation is the <see cref="GeneratedImage"/>. The raw representation of
    /// the response is the <see cref="GenerationResult"/>.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// A value is out of its range, or an additional property or model is unknown; the message names it. Nothing was computed.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// There are several original images for one initial image, or one that is a link, or a link or stream is requested as the
    /// response, or the codec does not write the media type.
    /// </exception>
    /// <exception cref="InvalidDataException">The original image cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="NonFiniteValuesException">
    /// Latents or pixels became NaN or infinite: see <see cref="DiffusionPipelineOptions.AllowNonFiniteValues"/>.
    /// </exception>
    /// <exception cref="TimeoutException">It took longer than the time limit.</exception>
    public async Task<ImageGenerationResponse> GenerateAsync(
        ImageGenerationRequest request, ImageGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        string mediaType = Check(options);
        GenerationRequest wanted = Translate(request, options);
        GenerationResult result = await _pipeline.GenerateAsync(wanted, null, cancellationToken).ConfigureAwait(false);
        return new ImageGenerationResponse([.. result.Images.Select(image => Content(image, mediaType))]) { RawRepresentation = result };
    }

    /// <summary>Gives <see cref="ImageGeneratorMetadata"/>, the <see cref="DiffusionPipeline"/> or this generator itself.</summary>
    /// <param name="serviceType">The requested type.</param>
    /// <param name="serviceKey">Null; services with keys do not exist here.</param>
    /// <returns>Null for other types.</returns>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ImageGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(_pipeline) && serviceType != typeof(IDisposable) && serviceType != typeof(object) ? _pipeline
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Does nothing: the pipeline stays the caller's.</summary>
    public void Dispose()
    {
    }

    /// <summary>Refuses impossible options; returns the media type to write.</summary>
    private string Check(ImageGenerationOptions? options)
    {
        string mediaType = options?.MediaType ?? MediaTypeNames.Image.Png;
        if (options is null) return mediaType;
        if (options.ResponseFormat is not (null or ImageGenerationResponseFormat.Data))
        {
            throw new NotSupportedException(
                $"ResponseFormat is {options.ResponseFormat}; expected {ImageGenerationResponseFormat.Data}, for images are generated in "
                + "this process.");
        }

        if (options.StreamingCount > 0)
        {
            throw new NotSupportedException(
                $"StreamingCount is {options.StreamingCount}; use {nameof(DiffusionPipeline)}."
                + $"{nameof(DiffusionPipeline.GenerateStreamingAsync)} for previews.");
        }

        if (!_pipeline.Codec.MediaTypes.Contains(mediaType, StringComparer.OrdinalIgnoreCase))
        {
            throw new NotSupportedException(
                $"MediaType is '{MessageText.Truncate(mediaType, 100)}'; "
                + $"the codec writes {string.Join(", ", _pipeline.Codec.MediaTypes)}.");
        }

        if (options.ModelId is { } model && model != _pipeline.ModelId)
        {
            throw new ArgumentException(
                $"ModelId is '{MessageText.Truncate(model, 100)}'; this generator runs only '{_pipeline.ModelId}'.", nameof(options));
        }

        foreach (string key in options.AdditionalProperties?.Keys ?? [])
        {
            if (!GenerationMetadata.RequestKeys.Contains(key))
            {
                string known = string.Join(", ", GenerationMetadata.RequestKeys);
                throw new ArgumentException(
                    $"AdditionalProperties has '{MessageText.Truncate(key, 200)}'; known are {known}.",
                    nameof(options));
            }
        }

        return mediaType;
    }

    private GenerationRequest Translate(ImageGenerationRequest request, ImageGenerationOptions? options)
    {
        GenerationRequest wanted = options?.RawRepresentationFactory?.Invoke(this) switch
        {
            null => new GenerationRequest { Prompt = request.Prompt! },
            GenerationRequest raw => raw with { Prompt = request.Prompt ?? raw.Prompt },
            var other => throw new ArgumentException(
                $"RawRepresentationFactory returned a {other.GetType()}; expected a {typeof(GenerationRequest)} or null.", nameof(options)),
        };
        DataContent[] originals = [.. request.OriginalImages?.Select(Require) ?? []];
        if (originals.Length > 0) wanted = WithImages(wanted, originals, options);
        if (options is not null) wanted = WithOptions(wanted, options);
        bool isOpen = (wanted.Width ?? wanted.Height ?? wanted.Inpainting?.MaskPadding) is null;
        if (originals.Length == 0 || wanted.InitialImage is not { } initial || !isOpen) return wanted;
        (int width, int height) = _pipeline.NearestSize(initial.Width, initial.Height);
        return wanted with { Width = width, Height = height };
    }

    private GenerationRequest WithOptions(GenerationRequest wanted, ImageGenerationOptions options)
    {
        const int DefaultCount = 1;
        wanted = wanted with
        {
            ImageCount = wanted.ImageCount == DefaultCount ? options.Count ?? DefaultCount : wanted.ImageCount,
            Width = wanted.Width ?? options.ImageSize?.Width,
            Height = wanted.Height ?? options.ImageSize?.Height,
        };
        foreach ((string key, object? value) in options.AdditionalProperties ?? [])
        {
            if (key == RequestSettings.Mask.Key && value is DataContent mask)
            {
                wanted = WithMask(wanted, DecodeMask(mask));
                continue;
            }

            string text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            wanted = GenerationMetadata.TrySet(wanted, key, text) ?? throw new ArgumentException(
                $"AdditionalProperties has '{key}' of '{MessageText.Truncate(text, 200)}', which cannot be read as a value of its range.",
                nameof(options));
        }

        return wanted;
    }

    private static DataContent Require(AIContent content) => content as DataContent ?? throw new NotSupportedException(
        $"OriginalImages has a {content.GetType().Name}; expected a {nameof(DataContent)}, for nothing is downloaded.");

    private ImageBuffer DecodeMask(DataContent mask) => Transparency(mask) ?? throw new ArgumentException(
        $"AdditionalProperties has a '{RequestSettings.Mask.Key}' without transparent pixels; expected them where the image is repainted.",
        "options");

    /// <summary>The transparent pixels of an image as a mask; null for none. Grey counts as the nearer of black and white.</summary>
    private ImageBuffer? Transparency(DataContent image) =>
        _pipeline.Codec.DecodeTransparency(image.Data.Span) is { } mask && mask.Rgb.IndexOfAnyInRange<byte>(128, byte.MaxValue) >= 0
            ? mask
            : null;

    /// <summary>What is under transparent pixels is not part of the image: the area is repainted from noise only.</summary>
    private static GenerationRequest WithMask(GenerationRequest request, ImageBuffer mask) =>
        request with { Mask = mask, Strength = request.Strength ?? 1 };

    /// <summary>The request with original images: to edit where the model reads several, or else to start from.</summary>
    private GenerationRequest WithImages(GenerationRequest request, DataContent[] originals, ImageGenerationOptions? options)
    {
        bool hasMask = request.Mask is not null || options?.AdditionalProperties?.ContainsKey(RequestSettings.Mask.Key) is true;
        bool startsFromOne = hasMask || request.Strength is not null
            || options?.AdditionalProperties?.ContainsKey(RequestSettings.Strength.Key) is true;
        ImageBuffer[] images = [.. originals.Select(image => _pipeline.Codec.Decode(image.Data.Span))];
        if (_pipeline.ReadsReferenceImages && !startsFromOne) return request with { ReferenceImages = images };
        if (images is not [var one])
        {
            throw new NotSupportedException(
                $"OriginalImages has {images.Length} images; expected one. A mask is the additional property "
                + $"'{RequestSettings.Mask.Key}'.");
        }

        GenerationRequest edit = request with { InitialImage = one };
        return !hasMask && !_pipeline.ReadsReferenceImages && Transparency(originals[0]) is { } mask ? WithMask(edit, mask) : edit;
    }

    private static DataContent Content(GeneratedImage image, string mediaType) => new(image.Encode(mediaType), mediaType)
    {
        RawRepresentation = image,
        AdditionalProperties = new AdditionalPropertiesDictionary(image.Metadata.Select(m => KeyValuePair.Create(m.Key, (object?)m.Value))),
    };
}
