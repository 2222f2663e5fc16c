using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The image size that SDXL is conditioned on, as it was in training (Podell et al. 2023, section
/// 2.2). Whatever is null is that of an uncropped image of the generated size.
/// </summary>
public sealed record SizeConditioningInput
{
    /// <summary>The aesthetic score for the prompt, as published.</summary>
    internal const double DefaultScore = 6;

    private const int MaximumPixels = 1 << 20;

    /// <summary>Width of the original in pixels, 1 to 2^20; small numbers bring blur. Null for the image's own.</summary>
    public int? OriginalWidth { get; init; }

    /// <summary>Height of the original in pixels, 1 to 2^20; small numbers bring blur. Null for the image's own.</summary>
    public int? OriginalHeight { get; init; }

    /// <summary>How many pixels were cut off at the left, 0 to 2^20. Default 0.</summary>
    public int CropLeft { get; init; }

    /// <summary>How many pixels were cut off at the top, 0 to 2^20. Default 0.</summary>
    public int CropTop { get; init; }

    /// <summary>Width after scaling in pixels, 1 to 2^20, for base models. Null for the image's own.</summary>
    public int? TargetWidth { get; init; }

    /// <summary>Height after scaling in pixels, 1 to 2^20, for base models. Null for the image's own.</summary>
    public int? TargetHeight { get; init; }

    /// <summary>How much viewers liked it, −100 to 100, for refiners. Null for 6, or 2.5 for the negative prompt.</summary>
    public double? AestheticScore { get; init; }

    /// <summary>The conditioning on an image that a model is trained or evaluated on.</summary>
    /// <param name="image">The image, at the size that it is trained on.</param>
    /// <param name="kind">The size conditioning that the denoiser reads; not none.</param>
    internal static SizeConditioningInput FromImage(CaptionedImage image, SizeConditioning kind) => new SizeConditioningInput
    {
        OriginalWidth = image.Origin?.Width, OriginalHeight = image.Origin?.Height,
        CropLeft = image.Origin?.CropLeft ?? 0, CropTop = image.Origin?.CropTop ?? 0,
    }.Complete(kind, image.Name, image.Image.Width, image.Image.Height, DefaultScore);

    /// <summary>Fills in null values, and refuses those that the denoiser does not read.</summary>
    /// <param name="kind">The size conditioning that the denoiser reads; not none.</param>
    /// <param name="name">Whose hint it is, for messages.</param>
    /// <param name="width">Width of the image.</param>
    /// <param name="height">Height of the image.</param>
    /// <param name="score">The aesthetic score where none is given.</param>
    internal SizeConditioningInput Complete(SizeConditioning kind, string name, int width, int height, double score)
    {
        bool target = kind == SizeConditioning.TargetSize;
        RequestValidator.Check(
            target || (TargetWidth ?? TargetHeight) is null, $"{name}.{nameof(TargetWidth)}", TargetWidth ?? TargetHeight,
            "null: the model has no input for it");
        RequestValidator.Check(
            !target || AestheticScore is null, $"{name}.{nameof(AestheticScore)}", AestheticScore, "null: the model has no input for it");
        SizeConditioningInput complete = this with
        {
            OriginalWidth = OriginalWidth ?? width,
            OriginalHeight = OriginalHeight ?? height,
            TargetWidth = target ? TargetWidth ?? width : null,
            TargetHeight = target ? TargetHeight ?? height : null,
            AestheticScore = target ? null : AestheticScore ?? score,
        };
        Pixels(nameof(OriginalWidth), complete.OriginalWidth, 1);
        Pixels(nameof(OriginalHeight), complete.OriginalHeight, 1);
        Pixels(nameof(CropLeft), CropLeft, 0);
        Pixels(nameof(CropTop), CropTop, 0);
        Pixels(nameof(TargetWidth), complete.TargetWidth, 1);
        Pixels(nameof(TargetHeight), complete.TargetHeight, 1);
        RequestValidator.Check(
            complete.AestheticScore is null or (>= -100 and <= 100), $"{name}.{nameof(AestheticScore)}", complete.AestheticScore,
            "from -100 to 100");
        return complete;

        void Pixels(string part, int? value, int minimum) =>
            RequestValidator.Check(
                value is null || (value >= minimum && value <= MaximumPixels), $"{name}.{part}", value,
                $"from {minimum} to {MaximumPixels}");
    }

    /// <summary>The values of a complete hint for the upscaled image.</summary>
    internal SizeConditioningInput Upscaled(double x, double y) => this with
    {
        OriginalWidth = Times(OriginalWidth, x), OriginalHeight = Times(OriginalHeight, y),
        CropLeft = (int)Math.Round(CropLeft * x), CropTop = (int)Math.Round(CropTop * y),
        TargetWidth = Times(TargetWidth, x), TargetHeight = Times(TargetHeight, y),
    };

    private static int? Times(int? pixels, double factor) => pixels is { } n ? (int)Math.Round(n * factor) : null;

    /// <summary>The numbers of a complete hint in the order that denoisers read, [1, numbers].</summary>
    internal Tensor ToTensor(Device device)
    {
        float[] origin = [OriginalHeight!.Value, OriginalWidth!.Value, CropTop, CropLeft];
        float[] numbers = AestheticScore is { } score ? [.. origin, (float)score] : [.. origin, TargetHeight!.Value, TargetWidth!.Value];
        return tensor(numbers, [1, numbers.Length], device: device);
    }
}
