using System.Net;
using System.Net.Http.Headers;

namespace LatentDiffusion.Hub;

/// <summary>Turns the error statuses of a hub into exceptions.</summary>
internal static class HubRefusal
{
    private const string GiveToken = "give a token in ModelHubOptions.Token or the environment variable HF_TOKEN";

    /// <summary>Throws if the status is not one of success or redirection.</summary>
    /// <exception cref="HubException">It is not; the derived types say how.</exception>
    public static void ThrowIf(HttpResponseMessage response, HubSubject subject, HubSettings settings)
    {
        int status = (int)response.StatusCode;
        if (status is >= 200 and < 400) return;
        string code = Header(response.Headers, "X-Error-Code"), said = Header(response.Headers, "X-Error-Message");
        string? host = response.RequestMessage?.RequestUri?.Host;
        var page = new Uri(settings.Endpoint, subject.Id.Text);
        string detail = said.Length > 0 ? $" The hub says: {MessageText.Truncate(said, 200)}" : "";
        bool refused = response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
        if (refused && code == "GatedRepo")
        {
            string remedy = $"accept its licence at {page}, and {GiveToken} of the account that accepted it";
            throw new HubAccessException(page, $"'{subject.Id}' is gated: {remedy}.{detail}");
        }

        if (response.StatusCode == HttpStatusCode.NotFound || code is "RepoNotFound" or "RevisionNotFound" or "EntryNotFound")
            throw NotFound(code, subject, settings, detail);
        if (refused)
        {
            string reason = settings.Token is null ? $"it needs a token: {GiveToken}" : "it refuses the token, or what the token permits";
            throw new HubAccessException(page, $"{subject}: {host} answers {status}; {reason}.{detail}");
        }

        string wait = response.Headers.RetryAfter is { } after ? $" It asks to wait {after} before the next request." : "";
        throw new HubException($"{subject}: {host} answers {status}.{wait}{detail}");
    }

    private static HubNotFoundException NotFound(string code, HubSubject subject, HubSettings settings, string detail)
    {
        HubEntryKind kind = code switch
        {
            "RevisionNotFound" => HubEntryKind.Revision,
            "EntryNotFound" => HubEntryKind.File,
            "RepoNotFound" => HubEntryKind.Repository,
            _ => subject.File is null ? HubEntryKind.Repository : HubEntryKind.File,
        };
        return new HubNotFoundException(kind, kind switch
        {
            HubEntryKind.Revision => $"'{subject.Id}' has no revision '{MessageText.Truncate(subject.Revision, 150)}'.{detail}",
            HubEntryKind.File => $"{subject} does not exist.{detail}",
            _ => $"{settings.Endpoint.Host} has no repository '{subject.Id}', or it is private: for a private one {GiveToken}.{detail}",
        });
    }

    private static string Header(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() ?? "" : "";
}
