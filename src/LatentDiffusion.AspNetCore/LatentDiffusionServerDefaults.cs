namespace LatentDiffusion.AspNetCore;

/// <summary>Names that the server registers under.</summary>
public static class LatentDiffusionServerDefaults
{
    /// <summary>
    /// Authentication by the keys of <see cref="LatentDiffusionServerOptions.ApiKeys"/>: the key as a bearer token, as OpenAI's clients
    /// send it, or as the password of basic authentication, as browsers and clients of the web UI API do.
    /// </summary>
    public const string AuthenticationScheme = "LatentDiffusion.ApiKey";

    /// <summary>
    /// The authorization policy of all endpoints except health. An application that registers a policy of this name replaces it.
    /// </summary>
    public const string AuthorizationPolicy = "LatentDiffusion";

    /// <summary>
    /// The authorization policy for pages about the jobs of all callers, such as the dashboard of Hangfire: it allows
    /// <see cref="LatentDiffusionServerOptions.Administrators"/>. An application that registers a policy of this name replaces it.
    /// </summary>
    public const string AdministratorPolicy = "LatentDiffusion.Administrator";

    /// <summary>
    /// Name of the <see cref="System.Diagnostics.Metrics.Meter"/> of the server: duration and end of jobs, clients that wait, images and
    /// refused requests. Requests are measured by ASP.NET Core, and generations by
    /// <see cref="LatentDiffusionDiagnostics.MeterName"/>.
    /// </summary>
    public const string MeterName = "LatentDiffusion.Server";

    /// <summary>
    /// Name of the OpenAPI document of the endpoints, and of their group. An application's own documents leave out endpoints of groups
    /// with other names, unless their <c>ShouldInclude</c> says otherwise.
    /// </summary>
    public const string DocumentName = "latent-diffusion";

    /// <summary>Tag of the health checks that <c>/health/ready</c> runs. Checks of the application may have it too.</summary>
    public const string ReadyTag = "ready";
}
