namespace LatentDiffusion;

/// <summary>Low-rank patches of a pipeline's model.</summary>
public static class LoraBuilderExtensions
{
    /// <summary>
    /// Adds a low-rank patch to the model's weights, in addition to others: see
    /// <see cref="DiffusionModel.SetLoras(IReadOnlyList{ValueTuple{string, double}})"/>. Embeddings that the file bundles are added as
    /// by <see cref="TextualInversionBuilderExtensions.UseTextualInversion"/>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="path">Path of the file, of peft, diffusers or kohya; read when the pipeline is built.</param>
    /// <param name="scale">How much of it, any finite number. Default 1, as trained.</param>
    /// <param name="unknown">
    /// Whether a file is refused that holds other kinds of adapters (DoRA, LoHa, LoKr, OFT, IA³, full differences) or names that fit no
    /// parameter, which is the default, or what is known of it is applied, with a line in the log.
    /// </param>
    public static DiffusionPipelineBuilder UseLora(
        this DiffusionPipelineBuilder builder, string path, double scale = 1, UnknownTensorHandling unknown = UnknownTensorHandling.Refuse)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!double.IsFinite(scale)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "A scale is a finite number.");
        return builder.Change(s => s.Features.Add(new LoraChoice(path, scale, unknown)));
    }
}
