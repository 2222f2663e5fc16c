namespace LatentDiffusion.Diagnostics;

/// <summary>Names of the pipelines' spans and metrics, to subscribe to.</summary>
public static class LatentDiffusionDiagnostics
{
    /// <summary>
    /// Name of the <see cref="System.Diagnostics.ActivitySource"/>: one span per generation, by the OpenTelemetry conventions for
    /// generative AI.
    /// </summary>
    public const string ActivitySourceName = "LatentDiffusion";

    /// <summary>
    /// Name of the <see cref="System.Diagnostics.Metrics.Meter"/>: <c>gen_ai.client.operation.duration</c> by the same
    /// conventions, the waiting time of generations, the number of running generations and the number of images.
    /// </summary>
    public const string MeterName = "LatentDiffusion";

    /// <summary><c>gen_ai.provider.name</c> of spans and metrics.</summary>
    public const string ProviderName = "latent_diffusion";
}
