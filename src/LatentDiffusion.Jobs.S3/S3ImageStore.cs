using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace LatentDiffusion.Jobs.S3;

/// <summary>
/// Keeps the files of jobs in a bucket of Amazon S3, or of a server with its API. An object is written as a whole: readers see the old
/// file or the new one. Safe for concurrent use.
/// </summary>
public sealed class S3ImageStore : IImageStore, IDisposable
{
    // The most that one call of the API lists and deletes.
    private const int Page = 1000;

    // Servers cut off fractions of a second.
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly IAmazonS3 _client;
    private readonly string _bucket, _prefix;

    /// <summary>Opens a bucket. Nothing is sent yet.</summary>
    /// <param name="client">The client, which the store disposes.</param>
    /// <param name="bucket">Name of the bucket.</param>
    /// <param name="prefix">Start of the names of all files, in the form of <see cref="StoredName"/>; empty for none.</param>
    /// <exception cref="ArgumentException">The prefix has another form.</exception>
    public S3ImageStore(IAmazonS3 client, string bucket, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(bucket);
        ArgumentNullException.ThrowIfNull(prefix);
        if (prefix.Length > 0) StoredName.Check(prefix);
        (_client, _bucket, _prefix) = (client, bucket, prefix.Length > 0 ? $"{prefix}/" : "");
    }

    /// <inheritdoc/>
    public async Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        StoredName.Check(name);
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        // In one piece, which all servers read.
        var request = new PutObjectRequest
        {
            BucketName = _bucket, Key = _prefix + name, InputStream = stream, AutoCloseStream = false, UseChunkEncoding = false,
        };
        await _client.PutObjectAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<Stream?> OpenReadAsync(string name, CancellationToken cancellationToken = default)
    {
        StoredName.Check(name);
        try
        {
            using GetObjectResponse response =
                await _client.GetObjectAsync(_bucket, _prefix + name, cancellationToken).ConfigureAwait(false);
            // A stream of the connection would keep it as long as a slow client reads.
            var content = new MemoryStream();
            await response.ResponseStream.CopyToAsync(content, cancellationToken).ConfigureAwait(false);
            content.Position = 0;
            return content;
        }
        catch (AmazonS3Exception e) when (e is { StatusCode: HttpStatusCode.NotFound, ErrorCode: "NoSuchKey" })
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        StoredName.Check(name);
        string key = _prefix + name;
        var found = new List<S3Object>();
        await foreach (S3Object file in ListAsync($"{key}/", cancellationToken).ConfigureAwait(false)) found.Add(file);
        await DeleteAsync([key, .. found.Select(file => file.Key)], cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task DeleteOlderAsync(DateTimeOffset moment, CancellationToken cancellationToken = default)
    {
        // Names come in order, so the files of a job are next to each other.
        string? job = null;
        bool isOld = false;
        var files = new List<string>();
        await foreach (S3Object file in ListAsync(_prefix, cancellationToken).ConfigureAwait(false))
        {
            string name = file.Key[_prefix.Length..];
            if (!StoredName.IsValid(name) || !name.Contains('/', StringComparison.Ordinal)) continue;
            string owner = name.Split('/')[0];
            if (owner != job)
            {
                await DeleteIfOldAsync().ConfigureAwait(false);
                (job, isOld) = (owner, true);
            }

            files.Add(file.Key);
            isOld &= file.LastModified is { } written && written.ToUniversalTime() + s_second <= moment.UtcDateTime;
        }

        await DeleteIfOldAsync().ConfigureAwait(false);

        async Task DeleteIfOldAsync()
        {
            if (isOld) await DeleteAsync(files, cancellationToken).ConfigureAwait(false);
            files.Clear();
        }
    }

    /// <summary>Disposes the client.</summary>
    public void Dispose() => _client.Dispose();

    private async IAsyncEnumerable<S3Object> ListAsync(
        string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = _bucket, Prefix = prefix, MaxKeys = Page };
        while (true)
        {
            ListObjectsV2Response page = await _client.ListObjectsV2Async(request, cancellationToken).ConfigureAwait(false);
            foreach (S3Object file in page.S3Objects ?? []) yield return file;
            if (page.IsTruncated is not true) yield break;
            request.ContinuationToken = page.NextContinuationToken;
        }
    }

    private async Task DeleteAsync(IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        foreach (string[] chunk in keys.Chunk(Page))
        {
            // The API does not report missing files as errors.
            var request = new DeleteObjectsRequest
            {
                BucketName = _bucket, Quiet = true, Objects = [.. chunk.Select(key => new KeyVersion { Key = key })],
            };
            await _client.DeleteObjectsAsync(request, cancellationToken).ConfigureAwait(false);
        }
    }
}
