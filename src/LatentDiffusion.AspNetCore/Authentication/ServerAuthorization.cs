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
        services.AddOptions<AuthorizationOptions>().PostConfigure<CurrentServerOptions>(
            (authorization, server) =>
            {
                // Fixed at the start: applications choose their middleware by it.
                bool allowsAnonymous = server.Value.AllowAnonymous;
                Add(LatentDiffusionServerDefaults.AuthorizationPolicy, _ => true);
                Add(LatentDiffusionServerDefaults.AdministratorPolicy, name => server.Value.Administrators.Contains(name));

                void Add(string name, Func<string, bool> isAllowed)
                {
                    if (authorization.GetPolicy(name) is not null) return;
                    AuthorizationPolicyBuilder policy = new();
                    if (server.Value.AuthenticationScheme is { } scheme) policy.AddAuthenticationSchemes(scheme);
                    if (!allowsAnonymous) policy.RequireAuthenticatedUser();
                    policy.RequireAssertion(context => isAllowed(Caller.Of(context.User)));
                    authorization.AddPolicy(name, policy.Build());
                }
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
        group.WithGroupName(LatentDiffusionServerDefaults.DocumentName);
        group.WithMetadata(new RequestSizeLimit(options.MaximumRequestBytes));
        return group;
    }
}
