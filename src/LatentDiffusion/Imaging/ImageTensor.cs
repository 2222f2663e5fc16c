using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>tmp</summary>
public static class ImageTensor
{
    /// <summary>tmp</summary>
    public static Tensor FromImage(ImageBuffer image)
    {
        using var scope = NewDisposeScope();
        Tensor bytes = tensor(image.Rgb.ToArray(), [1, image.Height, image.Width, 3], ScalarType.Float32);
        return bytes.permute(0, 3, 1, 2).contiguous().div_(127.5).sub_(1).MoveToOuterDisposeScope();
    }
}
