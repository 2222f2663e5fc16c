using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <content>Sizes of images that are in no cache.</content>
public sealed partial class SizeConditioningRows
{
    /// <summary>Adds the image sizes that a denoiser reads to the conditioning of captions.</summary>
    /// <param name="text">The captions' conditioning, one sample per image.</param>
    /// <param name="denoiser">Inputs of the denoiser.</param>
    /// <param name="images">The images, at the size that they are measured at.</param>
    /// <returns>A conditioning with the sizes, on the device of the texts; <paramref name="text"/> if the denoiser reads none.</returns>
    /// <exception cref="NotSupportedException">The denoiser reads a count of numbers that no published model reads.</exception>
    public static Conditioning AddTo(Conditioning text, DenoiserDescription denoiser, IReadOnlyList<CaptionedImage> images)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(images);
        SizeConditioning sizes = TimeIds.ReadBy(denoiser);
        if (sizes == SizeConditioning.None) return text;
        Device device = text.HiddenStates.device;
        return text.With(TimeIds.Name, cat([.. images.Select(image => SizeConditioningInput.FromImage(image, sizes).ToTensor(device))]));
    }
}
