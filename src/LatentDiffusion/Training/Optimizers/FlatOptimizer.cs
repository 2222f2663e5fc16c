namespace LatentDiffusion.Training;

/// <summary>Makes the optimizer that a run asks for.</summary>
internal static class FlatOptimizer
{
    public static IFlatOptimizer Create(FlatParameters parameters, OptimizerOptions options) => options.Algorithm switch
    {
        OptimizerAlgorithm.AdamW => new AdamW(parameters, options),
        OptimizerAlgorithm.AdamW8Bit => new AdamW8Bit(parameters, options),
        OptimizerAlgorithm.Adafactor => new Adafactor(parameters, options),
        var other => throw new ArgumentOutOfRangeException(nameof(options), other, "Expected AdamW, AdamW8Bit or Adafactor."),
    };
}
