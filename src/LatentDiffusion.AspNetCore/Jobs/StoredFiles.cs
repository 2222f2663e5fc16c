namespace LatentDiffusion.AspNetCore;

/// <summary>Reads images of a store.</summary>
internal static class StoredFiles
{
    /// <summary>The bytes of an image; null if the store has it no more.</summary>
    public static async Task<byte[]?> ReadAsync(this IImageStore store, StoredImage image, CancellationToken cancellationToken)
    {
        Stream? stream = await store.OpenReadAsync(image.Name, cancellationToken).ConfigureAwait(false);
        if (stream is null) return null;
        await using (stream.ConfigureAwait(false))
        {
            using var bytes = new MemoryStream();
            await stream.CopyToAsync(bytes, cancellationToken).ConfigureAwait(false);
            return bytes.ToArray();
        }
    }
}
