using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The initial image and the mask of a request as tensors, in the size of the generated image.</summary>
internal static class RequestImage
{
    /// <summary>The initial image: pixels in [−1, 1], [1, 3, height, width].</summary>
    public static Tensor Pixels(GenerationRequest request, PipelineComponents components) =>
        ImageTensor.FromImage(request.InitialImage!.Resize(request.Width!.Value, request.Height!.Value)).to(components.Device);

    /// <summary>1 where the image is repainted and 0 where it stays, [1, 1, height, width].</summary>
    public static Tensor Mask(GenerationRequest request, PipelineComponents components) =>
        RepaintMask.ToTensor(request.Mask!.Resize(request.Width!.Value, request.Height!.Value)).to(components.Device);
}
