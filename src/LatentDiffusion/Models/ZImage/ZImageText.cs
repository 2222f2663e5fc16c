using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>What Z-Image reads of its language model.</summary>
internal static class ZImageText
{
    /// <summary>The input of Qwen3's last layer, where the mask has tokens.</summary>
    public static Qwen3TextOptions Options { get; } = new() { Template = ChatTemplate.Qwen3, Layers = [-2], MasksPadding = true };

    /// <summary>The hidden states of each prompt without its padding.</summary>
    /// <param name="hidden">[batch, tokens, width].</param>
    /// <param name="mask">1 for tokens and 0 for padding, [batch, tokens].</param>
    /// <returns>For each prompt, [its tokens, width].</returns>
    public static IReadOnlyList<Tensor> WithoutPadding(Tensor hidden, Tensor mask)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor kept = mask.GreaterThan(0.5);
        Tensor[] prompts = [.. Enumerable.Range(0, (int)hidden.shape[0]).Select(Tokens)];
        foreach (Tensor prompt in prompts) prompt.MoveToOuterDisposeScope();
        return prompts;

        Tensor Tokens(int prompt) => hidden.select(0, prompt).index_select(0, kept.select(0, prompt).nonzero().flatten());
    }
}
