using System.Globalization;
using System.Net.Http.Headers;

namespace LatentDiffusion.Hub;

/// <summary>What the hub says of a file before it is downloaded.</summary>
/// <param name="Commit">The commit of the file's repository.</param>
/// <param name="Tag">Name of the blob: SHA-256 of its content, git's SHA-1 of it, or something else.</param>
/// <param name="Size">Its size in bytes; null where the hub does not say.</param>
/// <param name="Address">Where it is, perhaps signed for a while.</param>
internal sealed record FileMetadata(string Commit, string Tag, long? Size, Uri Address)
{
    /// <summary>The tag with which the server of <see cref="Address"/> recognizes the file; null where it may have another one.</summary>
    public EntityTagHeaderValue? RangeTag { get; private init; }

    /// <summary>Asks the hub.</summary>
    /// <param name="client">Sends the request.</param>
    /// <param name="settings">The hub.</param>
    /// <param name="subject">The file.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="HubException">The hub refuses, does not have the file, or its answer is not that of a hub.</exception>
    public static async Task<FileMetadata> ReadAsync(
        HubClient client, HubSettings settings, HubSubject subject, CancellationToken cancellationToken)
    {
        var address = new Uri(
            settings.Endpoint, $"{subject.Id}/resolve/{Uri.EscapeDataString(subject.Revision)}/{HubPath.Escape(subject.File!)}");
        var request = new HubRequest(HttpMethod.Head, address) { LeavesHub = false, Subject = subject };
        (HubResponse response, Uri last, IReadOnlyList<HttpResponseHeaders> headers) =
            await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            HubRefusal.ThrowIf(response.Message, subject, settings);
            HttpResponseMessage message = response.Message;
            string? linked = Find(headers, "X-Linked-ETag");
            EntityTagHeaderValue? own = message.Headers.ETag;
            string commit = Find(headers, "X-Repo-Commit") ?? throw NotAHub(subject, "X-Repo-Commit");
            string tag = Plain(linked ?? Find(headers, "ETag") ?? throw NotAHub(subject, "ETag"));
            if (!HubPath.IsName(commit) || !HubPath.IsName(tag))
            {
                string names = MessageText.Truncate($"{commit} {tag}", 100);
                throw new HubException($"{subject}: the hub names commit and content '{names}', which are not names of files.");
            }

            bool moved = message.Headers.Location is not null;
            string? size = Find(headers, "X-Linked-Size");
            return new FileMetadata(commit, tag, ReadSize(size, moved ? null : message.Content.Headers.ContentLength, subject),
                moved ? new Uri(last, message.Headers.Location!) : last)
            {
                RangeTag = !moved && own is { IsWeak: false } && (linked is null || Plain(linked) == Plain(own.Tag)) ? own : null,
            };
        }
    }

    /// <summary>A tag without quotes and mark of weakness, as huggingface_hub names blobs.</summary>
    private static string Plain(string tag) =>
        (tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag).Trim('"');

    private static long? ReadSize(string? linked, long? own, HubSubject subject) => linked is null ? own
        : long.TryParse(linked, NumberStyles.None, CultureInfo.InvariantCulture, out long size) ? size
        : throw new HubException($"{subject}: the hub says that it has '{MessageText.Truncate(linked, 50)}' bytes.");

    /// <summary>Of several answers the last one that has a header.</summary>
    private static string? Find(IReadOnlyList<HttpResponseHeaders> answers, string name) => answers.Reverse()
        .Select(headers => headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null)
        .FirstOrDefault(value => !string.IsNullOrWhiteSpace(value));

    private static HubException NotAHub(HubSubject subject, string header) =>
        new($"{subject}: the answer has no {header}, which a model hub sends. Check the endpoint, or a proxy in between.");
}
