namespace LatentDiffusion;

/// <summary>Adds ImageSharp to the pipeline builder.</summary>
public static class ImageSharpBuilderExtensions
{
    /// <summary>Encodes and decodes images with <see cref="ImageSharpCodec"/>.</summary>
    /// <param name="builder">The builder.</param>
    public static DiffusionPipelineBuilder UseImageSharp(this DiffusionPipelineBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseImageCodec(new ImageSharpCodec());
    }
}
