using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// Noise that follows from the seed, the picture's index and the timestep alone: the same at every call and every batch
/// size, so that two networks, or two sets of pictures, are measured on the same noise.
/// </summary>
internal static class FixedNoise
{
    /// <summary>Noise of pictures <paramref name="first"/> and following, of the shape and place of <paramref name="like"/>.</summary>
    public static Tensor Of(ulong seed, int first, int timestep, Tensor like) =>
        Of(seed, [.. Enumerable.Range(first, (int)like.shape[0])], timestep, like);

    /// <summary>Noise of pictures by their indices, of the shape and place of <paramref name="like"/>.</summary>
    public static Tensor Of(ulong seed, IReadOnlyList<int> pictures, int timestep, Tensor like)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] shape = [1, .. like.shape[1..]];
        Tensor[] drawn = [.. pictures.Select(index =>
        {
            using var generator = new GeneratorNoise(SeedSequence.Of(SeedSequence.Of(seed, index), timestep));
            return generator.Next(shape);
        })];
        return cat(drawn).to(like.dtype, like.device).MoveToOuterDisposeScope();
    }
}
