using LatentDiffusion.Networks;
using LatentDiffusion.Tokenization;
using LatentDiffusion.Training;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>
/// The texts that the denoiser is trained with. Each epoch takes another of an image's captions; its latents are stored once.
/// </summary>
internal sealed class CaptionTexts : IDisposable
{
    private readonly ClipTextConditioning _texts;
    private readonly Tensor? _ids;

    /// <param name="network">The text encoder.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="latents">The latents, with the token ids of first captions.</param>
    /// <param name="material">The captions.</param>
    /// <param name="recipe">Whether the text encoder is trained, and the seed of the captions' order.</param>
    public CaptionTexts(ClipTextModel network, ClipTokenizer tokenizer, LatentCache latents, TrainingMaterial material, Recipe recipe)
    {
        string[]? all = material.SeveralCaptions is { } several ? [.. several.SelectMany(c => c)] : null;
        if (all is not null)
            _ids = tensor(all.SelectMany(caption => tokenizer.Encode(caption).Ids).ToArray(), [all.Length, tokenizer.MaxLength]);
        _texts = new ClipTextConditioning(network, tokenizer, _ids ?? latents.Ids, recipe.DenoiserObjective.TrainTextEncoder);
        Conditioning = all is null ? _texts : new CaptionsByEpoch(_texts, [.. material.SeveralCaptions!.Select(c => c.Count)], recipe.Seed);
    }

    /// <summary>The texts, by the row of the latents.</summary>
    public ITextConditioning Conditioning { get; }

    public void Dispose()
    {
        _texts.Dispose();
        _ids?.Dispose();
    }
}
