using System.Security.Claims;

namespace LatentDiffusion.AspNetCore.Authentication;

/// <summary>Who sends a request.</summary>
internal static class Caller
{
    /// <summary>The name that jobs get (<see cref="ImageJob.Caller"/>); empty for clients without one.</summary>
    public static string Of(HttpContext context) => Of(context.User);

    /// <inheritdoc cref="Of(HttpContext)"/>
    public static string Of(ClaimsPrincipal? caller) => caller is { Identity.IsAuthenticated: true } user
        ? user.Identity.Name ?? user.FindFirst(ClaimTypes.NameIdentifier)?.Value ?? ""
        : "";
}
