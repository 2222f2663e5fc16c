namespace LatentDiffusion;

/// <summary>Low-rank patches of a pipeline's model.</summary>
public static class LoraBuilderExtensions
{
    /// <summary>
    /// Adds a low-rank patch to the model's weights, in addition to others: see <see cref="DiffusionModel.SetLoras"/>. Embeddings that
    /// the file bundles are added as by <see cref="TextualInversionBuilderExtensions.UseTextualInversion"/>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="path">Path of the file, of peft, diffusers or kohya; read when the pipeline is built.</param>
    /// <param name="scale">How much of it, any finite number. Default 1, as trained.</param>
    public static DiffusionPipelineBuilder UseLora(this DiffusionPipelineBuilder builder, string path, double scale = 1)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!double.IsFinite(scale)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "A scale is a finite number.");
        return builder.Change(s => s.Features.Add(new LoraChoice(path, scale)));
    }
}
