namespace LatentDiffusion.AspNetCore.Page;

/// <summary>Reads files of a store into memory.</summary>
internal static class StoredContent
{
    /// <summary>The content of a file; null if it does not exist.</summary>
    public static async Task<byte[]?> ReadAsync(IImageStore store, string name, CancellationToken cancellationToken)
    {
        Stream? stream = await store.OpenReadAsync(name, cancellationToken).ConfigureAwait(false);
        if (stream is null) return null;
        await using (stream.ConfigureAwait(false))
        {
            using var content = new MemoryStream();
            await stream.CopyToAsync(content, cancellationToken).ConfigureAwait(false);
            return content.ToArray();
        }
    }
}
