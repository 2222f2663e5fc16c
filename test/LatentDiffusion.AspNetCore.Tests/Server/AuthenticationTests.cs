using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using LatentDiffusion.Jobs;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Who may use the server.</summary>
public class AuthenticationTests
{
    [Theory]
    [InlineData("v1/models", 401)]
    [InlineData("v1/models/scripted", 401)]
    [InlineData("v1/images/files/a/0.png", 401)]
    [InlineData("openapi/latent-diffusion.json", 401)]
    [InlineData("health/live", 200)]
    [InlineData("health/ready", 200)]
    public async Task Without_a_key_only_health_answers(string path, int status)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using HttpClient nobody = server.Server.CreateClient(null);
        using HttpResponseMessage response = await nobody.GetAsync(path);

        Assert.Equal(status, (int)response.StatusCode);
        if (status != 401) return;
        JsonElement error = await response.ReadErrorAsync(401);
        Assert.Equal("invalid_api_key", error.GetProperty("code").GetString());
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task All_endpoints_except_health_need_a_caller()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using HttpClient nobody = server.Server.CreateClient(null);
        foreach (string path in new[] { "generations", "edits", "variations" })
        {
            using HttpResponseMessage response = await nobody.PostAsync($"v1/images/{path}", new StringContent("{}"));
            await response.ReadErrorAsync(401);
        }

        Assert.False(server.Queue.Added.TryRead(out _));
    }

    [Theory]
    [InlineData("Bearer wrong-key-0123456789", 401)]
    [InlineData("Bearer key-of-alice-012345678", 401)]
    [InlineData("Bearer ", 401)]
    [InlineData("Digest key-of-alice-0123456789", 401)]
    [InlineData("Basic !!!", 401)]
    [InlineData("bearer key-of-alice-0123456789", 200)]
    public async Task Only_keys_of_the_options_are_right(string header, int status)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using HttpClient client = server.Server.CreateClient(null);
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);
        using HttpResponseMessage response = await client.GetAsync("v1/models");

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Keys_are_passwords_of_basic_authentication_except_for_other_sites()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using HttpClient client = server.Server.CreateClient(null);
        string basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"anyone:{RunningServer.Key}"));
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", basic);

        Assert.Equal(200, (int)(await client.GetAsync("v1/models")).StatusCode);
        client.DefaultRequestHeaders.Add("Sec-Fetch-Site", "cross-site");
        Assert.Equal(401, (int)(await client.GetAsync("v1/models")).StatusCode);
    }

    [Fact]
    public async Task The_name_of_a_key_becomes_the_caller()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using HttpResponseMessage response = await server.GenerateAsync("""{"prompt": "a"}""");

        Assert.True(server.Queue.Added.TryRead(out ImageJob? job));
        Assert.Equal(RunningServer.Caller, job.Caller);
    }

    [Fact]
    public async Task Anonymous_clients_are_served_where_allowed()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => o.AllowAnonymous = true);
        using HttpClient nobody = server.Server.CreateClient(null);
        using HttpResponseMessage response = await nobody.PostAsync(
            "v1/images/generations", new StringContent("""{"prompt": "a"}""", Encoding.UTF8, "application/json"));

        Assert.Equal(200, (int)response.StatusCode);
        Assert.True(server.Queue.Added.TryRead(out ImageJob? job));
        Assert.Equal("", job.Caller);
    }

    [Fact]
    public async Task Another_scheme_replaces_keys()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(
            o => o.AuthenticationScheme = "Header",
            builder => builder.Services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, UserHeader>("Header", null));
        using HttpClient client = server.Server.CreateClient();

        Assert.Equal(401, (int)(await client.GetAsync("v1/models")).StatusCode);
        client.DefaultRequestHeaders.Add(UserHeader.Name, "carol");
        using HttpResponseMessage response = await client.PostAsync(
            "v1/images/generations", new StringContent("""{"prompt": "a"}""", Encoding.UTF8, "application/json"));
        Assert.Equal(200, (int)response.StatusCode);
        Assert.True(server.Queue.Added.TryRead(out ImageJob? job));
        Assert.Equal("carol", job.Caller);
    }

    [Fact]
    public async Task A_policy_of_the_application_replaces_the_servers()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(configure: builder => builder.Services.AddAuthorizationBuilder()
            .AddPolicy(
                LatentDiffusionServerDefaults.AuthorizationPolicy,
                policy => policy.AddAuthenticationSchemes(LatentDiffusionServerDefaults.AuthenticationScheme).RequireUserName("bob")));
        using HttpClient bob = server.Server.CreateClient(RunningServer.OtherKey);

        using HttpResponseMessage refused = await server.Client.GetAsync("v1/models"), allowed = await bob.GetAsync("v1/models");
        await refused.ReadErrorAsync(403);
        Assert.Equal(200, (int)allowed.StatusCode);
    }

    [Theory]
    [InlineData(RunningServer.Key, 200)]
    [InlineData(RunningServer.OtherKey, 403)]
    [InlineData(null, 401)]
    public async Task Pages_about_all_jobs_are_for_administrators(string? key, int status)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(
            o => o.Administrators.Add(RunningServer.Caller),
            map: app => app.MapGet("/all", () => "all").RequireAuthorization(LatentDiffusionServerDefaults.AdministratorPolicy));
        using HttpClient client = server.Server.CreateClient(key);
        Assert.Equal(status, (int)(await client.GetAsync("all")).StatusCode);
    }

    [Theory]
    [InlineData(false, 401)]
    [InlineData(true, 200)]
    public async Task Clients_without_a_name_are_administrators_only_where_the_options_say_so(bool isNamed, int status)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(
            o =>
            {
                o.AllowAnonymous = true;
                if (isNamed) o.Administrators.Add("");
            },
            map: app => app.MapGet("/all", () => "all").RequireAuthorization(LatentDiffusionServerDefaults.AdministratorPolicy));
        using HttpClient nobody = server.Server.CreateClient(null);
        Assert.Equal(status, (int)(await nobody.GetAsync("all")).StatusCode);
    }

    private sealed class UserHeader(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        public const string Name = "X-User";

        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (Request.Headers[Name] is not [{ } user]) return Task.FromResult(AuthenticateResult.NoResult());
            var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, user)], Scheme.Name));
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(principal, Scheme.Name)));
        }
    }
}
