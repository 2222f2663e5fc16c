using LatentDiffusion.AspNetCore.Limits;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;

namespace LatentDiffusion.AspNetCore.Authentication;

/// <summary>The policy of the endpoints, and the group that has it.</summary>
internal static class ServerAuthorization
{
    public static void AddServerAuthorization(this IServiceCollection services)
    {
        services.AddSingleton<ApiKeyRing>();
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, ApiKeyAuthenticationHandler>(
            LatentDiffusionServerDefaults.AuthenticationScheme, null);
        services.AddAuthorization();
        services.AddOptions<AuthorizationOptions>().PostConfigure<IOptions<LatentDiffusionServerOptions>>((authorization, server) =>
        {
            if (authorization.GetPolicy(LatentDiffusionServerDefaults.AuthorizationPolicy) is null)
                authorization.AddPolicy(LatentDiffusionServerDefaults.AuthorizationPolicy, Policy(server.Value));
        });
    }

    /// <summary>A group of endpoints for callers of the server, with its limit of request bodies.</summary>
    /// <exception cref="InvalidOperationException">Services are missing.</exception>
    public static RouteGroupBuilder MapProtectedGroup(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        IServiceProvider services = endpoints.ServiceProvider;
        if (services.GetService<ApiKeyRing>() is null)
        {
            const string Call = nameof(LatentDiffusionServerServiceCollectionExtensions.AddLatentDiffusionServer);
            throw new InvalidOperationException($"Services of the server are missing; call {Call}.");
        }

        // Asked without creating it: a queue may need what starts with the host.
        if (services.GetService<IServiceProviderIsService>() is { } registered && !registered.IsService(typeof(IImageJobQueue)))
        {
            throw new InvalidOperationException(
                $"There is no {nameof(IImageJobQueue)}; register one, for example with AddLatentDiffusionJobs.");
        }

        LatentDiffusionServerOptions options = services.GetRequiredService<IOptions<LatentDiffusionServerOptions>>().Value;
        RouteGroupBuilder group = endpoints.MapGroup("");
        group.RequireAuthorization(LatentDiffusionServerDefaults.AuthorizationPolicy);
        group.WithMetadata(new RequestSizeLimit(options.MaximumRequestBytes));
        return group;
    }

    private static AuthorizationPolicy Policy(LatentDiffusionServerOptions options)
    {
        AuthorizationPolicyBuilder policy = new();
        if (options.AuthenticationScheme is { } scheme) policy.AddAuthenticationSchemes(scheme);
        if (options.AllowAnonymous) policy.RequireAssertion(_ => true);
        else policy.RequireAuthenticatedUser();
        return policy.Build();
    }
}
