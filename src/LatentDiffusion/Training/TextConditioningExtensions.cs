using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>What objectives ask of texts.</summary>
internal static class TextConditioningExtensions
{
    /// <summary>The texts of a batch in its epochs.</summary>
    public static Conditioning Encode(this ITextConditioning texts, Tensor index, Tensor dropped, IReadOnlyList<long> epochs) =>
        texts is IEpochTextConditioning by ? by.Encode(index, dropped, epochs) : texts.Encode(index, dropped);

    /// <summary>Says which data latents and texts are of.</summary>
    public static string DataKey(this ITextConditioning texts, LatentCache latents) => texts is IContentKeyed known ? $"{latents.Key} {known.ContentKey}" : latents.Key;
}
