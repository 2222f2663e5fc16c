namespace LatentDiffusion.Schedulers;

/// <summary>The quantity that a denoiser predicts.</summary>
public enum PredictionType
{
    /// <summary>The noise ε of x_t = √ᾱ_t·x_0 + √(1−ᾱ_t)·ε (Ho et al. 2020). JSON name <c>epsilon</c>.</summary>
    Epsilon,

    /// <summary>The clean sample x_0. JSON name <c>sample</c>.</summary>
    Sample,

    /// <summary>v = √ᾱ_t·ε − √(1−ᾱ_t)·x_0 (Salimans &amp; Ho 2022, section 4). JSON name <c>v_prediction</c>.</summary>
    Velocity,

    /// <summary>
    /// The flow ε − x_0 of x_σ = (1−σ)·x_0 + σ·ε (Lipman et al. 2023; Esser et al. 2024). JSON name <c>flow_prediction</c>.
    /// </summary>
    Flow,
}
