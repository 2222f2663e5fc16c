using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// Noise that depends only on seed, image index and timestep. It is the same at every call and batch size, so that two networks,
/// or two sets of images, are measured on the same noise.
/// </summary>
internal static class FixedNoise
{
    /// <summary>Noise for images from <paramref name="first"/> on, with the shape and device of <paramref name="like"/>.</summary>
    public static Tensor Create(ulong seed, int first, int timestep, Tensor like) =>
        Create(seed, [.. Enumerable.Range(first, (int)like.shape[0])], timestep, like);

    /// <summary>Noise for images by index, with the shape and device of <paramref name="like"/>.</summary>
    public static Tensor Create(ulong seed, IReadOnlyList<int> images, int timestep, Tensor like)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] shape = [1, .. like.shape[1..]];
        Tensor[] drawn = [.. images.Select(index =>
        {
            using var generator = new GeneratorNoise(SeedSequence.ForStep(SeedSequence.ForStep(seed, index), timestep));
            return generator.Next(shape);
        })];
        return cat(drawn).to(like.dtype, like.device).MoveToOuterDisposeScope();
    }
}
