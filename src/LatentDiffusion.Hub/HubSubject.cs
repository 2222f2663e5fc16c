namespace LatentDiffusion.Hub;

/// <summary>A repository, a revision of it, and perhaps a file.</summary>
internal sealed record HubSubject(RepositoryId Id, string Revision, string? File = null)
{
    public override string ToString() =>
        File is null ? $"'{Id}' at '{Shown(Revision)}'" : $"'{Shown(File)}' of '{Id}' at '{Shown(Revision)}'";

    private static string Shown(string text) => MessageText.Truncate(text, 150);
}
