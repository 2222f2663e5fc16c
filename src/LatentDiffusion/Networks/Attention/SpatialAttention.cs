using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Self-attention over the pixels of a feature map, as the middle of the published autoencoders has it. Adds no names of its own.</summary>
internal static class SpatialAttention
{
    public static Tensor Apply(CrossAttention attention, Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor pixels = input.flatten(2).transpose(1, 2);
        Tensor attended = attention.call(pixels, null, null).transpose(1, 2).reshape(input.shape);
        return (attended + input).MoveToOuterDisposeScope();
    }
}
