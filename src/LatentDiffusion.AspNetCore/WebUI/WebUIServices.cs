namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Services of the endpoints.</summary>
internal static class WebUIServices
{
    public static IServiceCollection AddWebUIApi(this IServiceCollection services)
    {
        services.AddOptions<WebUIApiOptions>();
        services.AddSingleton<OptionsStore>();
        services.AddSingleton<Upscalers>();
        services.AddSingleton<JobGroup>();
        services.AddSingleton<GenerationEndpoints>();
        services.AddSingleton<UpscalingEndpoint>();
        return services;
    }
}
