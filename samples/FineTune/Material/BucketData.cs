using System.Globalization;
using LatentDiffusion.Data;
using LatentDiffusion.Training;

namespace FineTune;

/// <summary>Latents and texts of images of one size, computed once and kept in the run's folder.</summary>
/// <param name="latents">The latents.</param>
/// <param name="texts">The text embeddings; null for a text encoder that is trained.</param>
internal sealed class BucketData(LatentCache latents, TextEmbeddingCache? texts) : IDisposable
{
    public LatentCache Latents => latents;

    /// <summary>The texts by the row of the latents; null for those of the trained text encoders.</summary>
    public ITextConditioning? Texts { get; } = texts is null ? null : new CachedTextConditioning(texts);

    /// <summary>Opens the caches of a bucket, or computes what is missing.</summary>
    public static BucketData Open(RunContext context, ImageSize size, SubsetImages bucket)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{size.Width}x{size.Height}");
        return Open(context, name, bucket, context.Images.Variants, context.Images.Captions(bucket));
    }

    /// <summary>The same for images that are only measured.</summary>
    public static BucketData OpenValidation(RunContext context, ICaptionedImageSource images)
    {
        IEnumerable<string> captions = Enumerable.Range(0, (int)images.Count!.Value).Select(i => images.ReadCaption(i));
        return Open(context, "validation", images, 1, captions);
    }

    private static BucketData Open(
        RunContext context, string name, ICaptionedImageSource images, int variants, IEnumerable<string> captions)
    {
        string folder = Path.Combine(context.Run.Location, "cache");
        Directory.CreateDirectory(folder);
        string key = $"{context.Images.Key}, {name}";
        var options = new LatentCacheOptions { Variants = variants, Logger = context.Logger };
        long count = images.Count!.Value;
        LatentCache latents = context.Console.ShowCount($"latents {name}", count * variants, progress => LatentCache.Open(
            Path.Combine(folder, $"latents-{name}.safetensors"), key, context.Model.Components, images, count, options, progress,
            context.Cancellation));
        if (context.Settings.Objective.TrainTextEncoder) return new BucketData(latents, null);
        try
        {
            var embedding = new TextEmbeddingCacheOptions { Logger = context.Logger };
            return new BucketData(latents, context.Console.ShowCount($"texts {name}", count * variants, progress => TextEmbeddingCache.Open(
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
