using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>What FLUX.2 reads of its language model.</summary>
internal static class Flux2Text
{
    private const int Axes = 4;

    /// <summary>
    /// FLUX.2 klein: the layers 9, 18 and 27 of Qwen3 side by side, at all places of the window, padding included.
    /// </summary>
    public static Qwen3TextOptions Klein { get; } = new() { Template = ChatTemplate.Qwen3WithoutThinking, Layers = [9, 18, 27] };

    /// <summary>FLUX.2 dev: the layers 10, 20 and 30 of Mistral Small 3 side by side, at all places of the window.</summary>
    public static Qwen3TextOptions Dev { get; } = new() { Template = ChatTemplate.Mistral3, Layers = [10, 20, 30] };

    /// <summary>What is read of a language model.</summary>
    /// <param name="config">Its configuration.</param>
    public static Qwen3TextOptions OptionsOf(Qwen3Config config) => config.NormalizesQueriesAndKeys ? Klein : Dev;

    /// <summary>The positions of tokens on four axes, of which the last counts them, [tokens, 4].</summary>
    public static Tensor Positions(long tokens)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor index = TensorArithmetic.Range(tokens, ScalarType.Float32, CPU).unsqueeze(1);
        return cat([zeros([tokens, Axes - 1]), index], 1).MoveToOuterDisposeScope();
    }
}
