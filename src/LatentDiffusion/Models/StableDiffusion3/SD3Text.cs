using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>How Stable Diffusion 3 joins its texts (Esser et al. 2024, figure 2).</summary>
internal static class SD3Text
{
    /// <summary>
    /// The hidden states of both CLIP towers side by side, filled with zeros up to T5's width, and after them, as further tokens,
    /// those of T5.
    /// </summary>
    /// <param name="first">Of the first tower, [batch, tokens, width].</param>
    /// <param name="second">Of the second tower, [batch, tokens, width].</param>
    /// <param name="third">Of T5, [batch, tokens, joint width].</param>
    /// <returns>[batch, tokens of CLIP + tokens of T5, joint width], in the type of T5's.</returns>
    public static Tensor Join(Tensor first, Tensor second, Tensor third)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor clip = cat([first, second.to(first.dtype, first.device)], -1);
        clip = nn.functional.pad(clip, [0, third.shape[2] - clip.shape[2]]).to(third.dtype);
        return cat([clip, third.to(clip.device)], 1).MoveToOuterDisposeScope();
    }

    /// <summary>What stands for T5's hidden states in a pipeline without T5.</summary>
    public static Tensor WithoutT5(long batch, int tokens, int width, ScalarType type, Device device) =>
        zeros([batch, tokens, width], type, device);

    /// <summary>The projected texts of both CLIP towers side by side.</summary>
    /// <param name="first">Of the first tower, [batch, width].</param>
    /// <param name="second">Of the second tower, [batch, width].</param>
    public static Tensor Pool(Tensor first, Tensor second) => cat([first, second.to(first.dtype, first.device)], -1);
}
