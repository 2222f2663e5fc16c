using System.Text.Json;

namespace LatentDiffusion.Hub;

/// <summary>Reads the hub's description of a repository at a revision.</summary>
internal static class RepositoryListing
{
    /// <summary>Asks the hub.</summary>
    /// <exception cref="HubException">The hub refuses, does not have it, or its answer is not that of a hub.</exception>
    public static async Task<HubRepository> ReadAsync(
        HubClient client, HubSettings settings, HubSubject subject, CancellationToken cancellationToken)
    {
        var address = new Uri(
            settings.Endpoint, $"api/models/{subject.Id}/revision/{Uri.EscapeDataString(subject.Revision)}?blobs=true");
        string text = await client.GetTextAsync(
            new HubRequest(HttpMethod.Get, address) { Subject = subject }, cancellationToken).ConfigureAwait(false);
        try
        {
            using var document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            string commit = root.GetProperty("sha").GetString() ?? "";
            HubFile[] files = [.. root.GetProperty("siblings").EnumerateArray().Select(FileOf)];
            if (!HubPath.IsName(commit) || files.FirstOrDefault(file => !HubPath.IsRelative(file.Path)) is not null)
                throw new HubException($"{subject}: the hub names a commit or a file whose name leads out of the cache.");
            return new HubRepository(subject.Id.Text, commit, files);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new HubException($"{subject}: the answer is not the list of a repository's files; check the endpoint. {e.Message}", e);
        }
    }

    private static HubFile FileOf(JsonElement entry) => new(
        entry.GetProperty("rfilename").GetString() ?? "",
        entry.TryGetProperty("size", out JsonElement size) && size.ValueKind == JsonValueKind.Number ? size.GetInt64() : null);
}
