using System.Globalization;

namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>The header that says when to repeat a request.</summary>
internal static class RetryHeader
{
    /// <param name="response">The response.</param>
    /// <param name="wait">How long to wait, rounded up to seconds; null for no header.</param>
    public static void SetRetryAfter(this HttpResponse response, TimeSpan? wait)
    {
        if (wait is null) return;
        response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.Value.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
    }
}
