namespace LatentDiffusion.AspNetCore;

/// <summary>
/// Settings of the web UI API (<see cref="WebUIEndpointExtensions.MapWebUIApi"/>), in addition to
/// <see cref="LatentDiffusionServerOptions"/>.
/// </summary>
public sealed class WebUIApiOptions
{
    /// <summary>Styles that requests can name. Default none.</summary>
    public IList<WebUIStyle> Styles { get; } = [];
}
