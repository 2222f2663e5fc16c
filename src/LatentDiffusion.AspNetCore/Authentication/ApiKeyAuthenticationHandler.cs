using System.Security.Claims;
using System.Text.Encodings.Web;
using LatentDiffusion.AspNetCore.OpenAI;
using Microsoft.AspNetCore.Authentication;

namespace LatentDiffusion.AspNetCore.Authentication;

/// <summary>Authenticates requests by API keys. The user's name is the key's.</summary>
internal sealed class ApiKeyAuthenticationHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, ApiKeyRing keys)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (PresentedKey.Read(Request) is not { } key) return Task.FromResult(AuthenticateResult.NoResult());
        if (key.IsBasic && IsFromAnotherSite)
            return Task.FromResult(AuthenticateResult.Fail("Another site made the browser send the request."));
        if (keys.FindName(key.Value) is not { } name) return Task.FromResult(AuthenticateResult.Fail("The API key is wrong."));
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], Scheme.Name);
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name)));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        // Only of the page: a script that gets this challenge makes the browser ask for a password.
        bool isPage = Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
        Response.Headers.WWWAuthenticate = isPage ? "Basic realm=\"LatentDiffusion\", charset=\"UTF-8\"" : "Bearer";
        return OpenAIErrorResponse.WriteAsync(Context, RequestErrors.Unauthorized(isMissing: PresentedKey.Read(Request) is null));
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        OpenAIErrorResponse.WriteAsync(Context, RequestErrors.Forbidden());

    /// <summary>Browsers add a remembered password to the requests of any site.</summary>
    private bool IsFromAnotherSite => Request.Headers["Sec-Fetch-Site"] is [{ } site] && site is not ("same-origin" or "none");
}
