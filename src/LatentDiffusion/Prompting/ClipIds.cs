using static TorchSharp.torch;

namespace LatentDiffusion.Prompting;

/// <summary>Prompts as the ids of one window of CLIP.</summary>
internal static class ClipIds
{
    /// <returns>[batch, tokens], int64.</returns>
    public static Tensor Encode(IReadOnlyList<string> prompts, ClipTokenizer tokenizer, Device device) => tensor(
        prompts.SelectMany(prompt => tokenizer.Encode(prompt).Ids).ToArray(), [prompts.Count, tokenizer.MaxLength], device: device);
}
