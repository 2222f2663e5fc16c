using LatentDiffusion.Data;
using LatentDiffusion.Training;

namespace FineTune;

/// <summary>Latents and texts of images of one size, computed once and kept in the run's folder.</summary>
/// <param name="latents">The latents.</param>
/// <param name="texts">The text embeddings; null for texts that change.</param>
internal sealed class BucketData(LatentCache latents, TextEmbeddingCache? texts) : IDisposable
{
    public LatentCache Latents => latents;

    /// <summary>The texts by the row of the latents; null for texts that change.</summary>
    public ITextConditioning? Texts { get; } = texts is null ? null : new CachedTextConditioning(texts);

    /// <summary>Opens the caches, or computes what is missing.</summary>
    /// <param name="context">The run.</param>
    /// <param name="name">Name of the files.</param>
    /// <param name="images">The images.</param>
    /// <param name="variants">Variants of each.</param>
    /// <param name="captions">The caption of each variant.</param>
    /// <param name="withTexts">Whether texts are kept too.</param>
    public static BucketData Open(
        RunContext context, string name, ICaptionedImageSource images, int variants, IReadOnlyList<string> captions, bool withTexts)
    {
        string folder = Path.Combine(context.Run.Location, "cache");
        Directory.CreateDirectory(folder);
        string key = $"{context.Images.Key}, {name}";
        var options = new LatentCacheOptions { Variants = variants, Logger = context.Logger };
        long count = images.Count!.Value;
        LatentCache latents = context.Console.ShowCount($"latents {name}", count * variants, progress => LatentCache.Open(
            Path.Combine(folder, $"latents-{name}.safetensors"), key, context.Model.Components, images, count, options, progress,
            context.Cancellation));
        if (!withTexts) return new BucketData(latents, null);
        try
        {
            var embedding = new TextEmbeddingCacheOptions { Logger = context.Logger };
            return new BucketData(latents, context.Console.ShowCount($"texts {name}", captions.Count, progress => TextEmbeddingCache.Open(
                Path.Combine(folder, $"texts-{name}.safetensors"), key, context.Model.Pipeline.Model!.TextEncoder, captions, embedding,
                progress, context.Cancellation)));
        }
        catch
        {
            latents.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        latents.Dispose();
        texts?.Dispose();
    }
}
