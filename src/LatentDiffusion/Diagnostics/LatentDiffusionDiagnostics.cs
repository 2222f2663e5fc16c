namespace LatentDiffusion.Diagnostics;

/// <summary>Names under which pipelines tell of themselves, to subscribe to.</summary>
public static class LatentDiffusionDiagnostics
{
    /// <summary>Name of the <see cref="System.Diagnostics.ActivitySource"/>: one span a generation, by the OpenTelemetry conventions for generative AI.</summary>
    public const string ActivitySourceName = "LatentDiffusion";

    /// <summary>
    /// Name of the <see cref="System.Diagnostics.Metrics.Meter"/>: <c>gen_ai.client.operation.duration</c> by the same
    /// conventions, and how long generations waited, how many run and how many pictures there were.
    /// </summary>
    public const string MeterName = "LatentDiffusion";

    /// <summary><c>gen_ai.provider.name</c> of spans and metrics.</summary>
    public const string ProviderName = "latent_diffusion";
}
