using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Diagnostics;

/// <content>Warnings about inputs that do less than expected.</content>
internal static partial class PipelineLog
{
    [LoggerMessage(20, LogLevel.Warning, "The image is returned although its values are not finite. {Reason}")]
    public static partial void NotFinite(this ILogger logger, string reason);

    [LoggerMessage(21, LogLevel.Warning, "A prompt uses {Syntax}, which is not supported and is read as plain text. {Remedy}")]
    public static partial void PromptSyntax(this ILogger logger, string syntax, string remedy);

    [LoggerMessage(
        22, LogLevel.Warning,
        "{Pixels} pixels of the mask belong to strokes thinner than one latent ({Factor} pixels) and may not be repainted; "
        + "draw them wider.")]
    public static partial void ThinMask(this ILogger logger, int pixels, int factor);

    [LoggerMessage(23, LogLevel.Warning, "The mask repaints nothing: it has no white pixels at the size of the request.")]
    public static partial void EmptyMask(this ILogger logger);

    [LoggerMessage(24, LogLevel.Warning, "The LoRA file {File} does not patch any parameter; images are those of the model without it.")]
    public static partial void EmptyLora(this ILogger logger, string file);

    [LoggerMessage(26, LogLevel.Warning, "Tensors of the LoRA file {File} are ignored, {Tensors}.")]
    public static partial void LoraTensorsIgnored(this ILogger logger, string file, string tensors);

    [LoggerMessage(
        25, LogLevel.Warning,
        "The autoencoder scales latents by {Given}, and the model was trained with {Trained}: images will be wrong unless the autoencoder "
        + "was trained for it. LatentAutoencoder.Open takes a scalingFactor.")]
    public static partial void OtherLatentScale(this ILogger logger, double given, double trained);
}
