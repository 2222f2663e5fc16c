namespace LatentDiffusion;

/// <summary>T2I-Adapters of a pipeline.</summary>
public static class T2IAdapterBuilderExtensions
{
    /// <summary>
    /// Adds a T2I-Adapter (Mou et al. 2023), in addition to others: their feature maps are summed. Every request then needs an image for
    /// each adapter in <see cref="GenerationRequest.AdapterImages"/>. The network is evaluated once per generation. Adapters of the model's
    /// own folder need no call and come first.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="path">
    /// A folder with its <c>config.json</c> and weights, or a single file with the original names; read when the pipeline is built.
    /// </param>
    /// <param name="scale">How strongly it controls, any finite number. Default 1, as trained.</param>
    /// <param name="conditioningFactor">
    /// Fraction of the steps, from the first, in which it controls, above 0 and at most 1. Default 1.
    /// </param>
    public static DiffusionPipelineBuilder UseT2IAdapter(
        this DiffusionPipelineBuilder builder, string path, double scale = 1, double conditioningFactor = 1)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!double.IsFinite(scale)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "A scale is a finite number.");
        if (!(conditioningFactor > 0 && conditioningFactor <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(conditioningFactor), conditioningFactor, "The factor is a fraction of the steps, above 0 and at most 1.");
        }

        var weight = new AdapterWeight { Scale = scale, ConditioningFactor = conditioningFactor };
        return builder.Change(s => s.Features.Add(new T2IAdapterChoice(path, weight)));
    }
}
