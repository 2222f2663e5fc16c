namespace LatentDiffusion;

/// <summary>The scale of the latents that a model's denoiser was trained on.</summary>
internal static class LatentScale
{
    /// <summary>Above rounding, below the distance of any two published scales.</summary>
    private const double Tolerance = 0.01;

    /// <summary>
    /// Compares the scale of an autoencoder that takes the place of the model's. Files of an autoencoder without a
    /// configuration do not state it, and with a wrong one images are wrong without any error.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="autoencoder">The autoencoder that is used with it.</param>
    /// <returns>Both scales where they differ; null where they agree or one is not known.</returns>
    public static (double Given, double Trained)? Mismatch(DiffusionModel model, IAutoencoder autoencoder) =>
        autoencoder.ScalingFactor is { } given
        && (model.LatentScalingFactor ?? model.OwnAutoencoder?.ScalingFactor) is { } trained && Math.Abs(given / trained - 1) > Tolerance
            ? (given, trained)
            : null;
}
