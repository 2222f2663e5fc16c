namespace LatentDiffusion;

/// <summary>The area of an image that a request repaints: the part that the passes generate, and how it is put back.</summary>
internal sealed class RepaintedArea
{
    private readonly GenerationRequest _request;
    private readonly InpaintingOptions _options;
    private readonly ImageBuffer _mask;
    private readonly PixelArea? _cut;
    private readonly Lazy<float[]> _weights;

    private RepaintedArea(GenerationRequest request)
    {
        (_request, _options, _mask) = (request, request.Inpainting ?? new InpaintingOptions(), RepaintMask.Read(request));
        _cut = Cut(request, _mask);
        Inner = WithCut();
        _weights = new Lazy<float[]>(Weights);
    }

    /// <summary>The request that the passes run: with the image that they change, and its mask.</summary>
    public GenerationRequest Inner { get; }

    /// <summary>The area of a request that is complete; null without a mask.</summary>
    public static RepaintedArea? FromRequest(GenerationRequest request) => request.Mask is null ? null : new RepaintedArea(request);

    /// <summary>The part of the initial image that a request generates; null for all of it.</summary>
    /// <param name="request">The request, with its size.</param>
    /// <param name="mask">Its mask as it is read, which repaints something.</param>
    public static PixelArea? Cut(GenerationRequest request, ImageBuffer mask)
    {
        if (request.Inpainting is not { MaskPadding: { } padding } options) return null;
        return PixelArea.Around(RepaintMask.Repainted(mask), mask.Width)
            .Padded(padding + MaskBlend.Margin(options.MaskBlur), mask.Width, mask.Height)
            .InProportion((request.Width!.Value, request.Height!.Value), mask.Width, mask.Height);
    }

    /// <summary>A generated image with the preserved pixels of the initial image.</summary>
    public ImageBuffer Blend(ImageBuffer generated)
    {
        ImageBuffer image = _request.InitialImage!;
        if (_cut is { } cut)
        {
            ImageBuffer resized = generated.Resize(cut.Width, cut.Height);
            var whole = new PixelArea(-cut.Left, -cut.Top, image.Width, image.Height);
            return MaskBlend.Mix(image, whole.CutFrom(resized), _weights.Value);
        }

        return _options.PreservePixels
            ? MaskBlend.Mix(image.Resize(generated.Width, generated.Height), generated, _weights.Value)
            : generated;
    }

    private GenerationRequest WithCut()
    {
        (ImageBuffer image, ImageBuffer mask) = (Cut(_request.InitialImage!), Cut(_mask));
        if (_options.MaskedContent == MaskedContent.Fill) image = MaskFill.Apply(image, RepaintMask.Repainted(mask));
        return _request with
        {
            InitialImage = image, Mask = mask, ControlImages = _request.ControlImages?.Select(Part).ToArray(),
            AdapterImages = _request.AdapterImages?.Select(Part).ToArray(), ImagePrompts = Prompts(),
            // The mask is read.
            Inpainting = new InpaintingOptions { MaskedContent = _options.MaskedContent },
        };

        // Images that control the whole initial image control the same part of it.
        ImageBuffer Part(ImageBuffer control) =>
            (control.Width, control.Height) == (_mask.Width, _mask.Height) ? Cut(control) : control;

        IReadOnlyList<ImagePrompt>? Prompts() => _cut is null ? _request.ImagePrompts
            : _request.ImagePrompts?.Select(prompt => prompt with { Masks = prompt.Masks?.Select(Part).ToArray() }).ToArray();
    }

    private ImageBuffer Cut(ImageBuffer image) => _cut?.CutFrom(image) ?? image;

    /// <summary>How much of each pixel of the result is generated.</summary>
    private float[] Weights()
    {
        if (_cut is { } cut)
        {
            if (_options.PreservePixels) return Blurred(_mask);
            int width = _mask.Width;
            return [.. Enumerable.Range(0, width * _mask.Height).Select(i => cut.Contains(i % width, i / width) ? 1f : 0f)];
        }

        (int resultWidth, int resultHeight) = _request.Upscale is { } upscale
            ? (upscale.Width, upscale.Height)
            : (_request.Width!.Value, _request.Height!.Value);
        return Blurred(_mask.Resize(resultWidth, resultHeight));

        float[] Blurred(ImageBuffer mask) =>
            MaskBlend.Weights(RepaintMask.Repainted(mask), mask.Width, mask.Height, _options.MaskBlur);
    }
}
