using static TorchSharp.torch;

namespace LatentDiffusion.Imaging;

/// <summary>Control images as networks read them: in [0, 1].</summary>
internal static class UnitImage
{
    /// <returns>RGB in [0, 1], float32, [1, 3, height, width].</returns>
    public static Tensor ToRgb(ImageBuffer image) => ImageTensor.FromImage(image).AddInPlace(1).DivideInPlace(2);

    /// <returns>Greyscale in [0, 1], float32, [1, 1, height, width].</returns>
    public static Tensor ToGrey(ImageBuffer image) =>
        tensor(Array.ConvertAll(Luma.Of(image), luma => luma / 255f), [1, 1, image.Height, image.Width]);
}
