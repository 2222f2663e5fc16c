using System.Net;
using System.Net.Http.Headers;

namespace LatentDiffusion.Hub;

/// <summary>Downloads the content of one file, which another process may have begun, and checks it.</summary>
/// <param name="hub">Sends requests.</param>
/// <param name="subject">The file.</param>
/// <param name="metadata">What the hub says of it.</param>
/// <param name="progress">Receives the progress.</param>
internal sealed class BlobDownload(HubConnection hub, HubSubject subject, FileMetadata metadata, DownloadProgress progress)
{
    private const int BufferSize = 1 << 16;

    /// <summary>Bytes after which an attempt to resume counts as progress.</summary>
    private const int Progressed = 1 << 16;

    private FileMetadata _metadata = metadata;

    /// <summary>Completes a file.</summary>
    /// <param name="path">The unfinished file; created if missing.</param>
    /// <param name="cancellationToken">Cancels the download; the file stays.</param>
    /// <exception cref="HubIntegrityException">Size or hash differ, also when the file is downloaded again.</exception>
    /// <exception cref="HubException">The server cannot be reached, refuses, or breaks off too often.</exception>
    public async Task RunAsync(string path, CancellationToken cancellationToken)
    {
        using var file = new GrowingFile(path);
        if (file.Length > _metadata.Size) file.Clear();
        for (bool again = false; ; again = true)
        {
            try
            {
                await CompleteAsync(file, cancellationToken).ConfigureAwait(false);
                file.Flush();
                await CheckAsync(file, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (HubIntegrityException e)
            {
                // The first bytes may be another program's, and a server may be wrong once.
                file.Clear();
                progress.Set(subject.File!, 0);
                if (again) throw;
                hub.Logger.Restarted(subject.ToString(), e.Message);
            }
        }
    }

    private async Task CompleteAsync(GrowingFile file, CancellationToken cancellationToken)
    {
        bool inParts = hub.Options.ConnectionsPerFile > 1;
        for (int failures = 0; _metadata.Size is null || file.Length < _metadata.Size;)
        {
            long before = file.Length;
            try
            {
                if (inParts && _metadata.Size - file.Length >= hub.Options.ParallelThreshold)
                    await new PartedDownload(hub, subject, this, file, progress).RunAsync(cancellationToken).ConfigureAwait(false);
                else await ContinueAsync(file, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (RangesIgnoredException)
            {
                inParts = false;
            }
            catch (BodyInterruptedException e)
            {
                failures = file.Length - before >= Progressed ? 1 : failures + 1;
                await PauseAsync(failures, file.Length, e, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits before a part is requested again.</summary>
    /// <exception cref="HubException">There were too many failures in a row.</exception>
    public async Task PauseAsync(int failures, long position, BodyInterruptedException cause, CancellationToken cancellationToken)
    {
        if (failures > hub.Options.MaxRetries)
            throw new HubException($"{subject}: the download broke off {failures} times at byte {position}: {cause.Message}.", cause);
        TimeSpan pause = RetryPause.After(failures, hub.Options);
        hub.Logger.Interrupted(subject.ToString(), position, cause.Message, pause);
        await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Requests a part of the file.</summary>
    /// <param name="from">First byte.</param>
    /// <param name="to">Last byte; null for the file's end.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The answer, and the position in the file of its first byte: <paramref name="from"/>, or 0 for the whole file.</returns>
    /// <exception cref="HubIntegrityException">The answer is of another file, or of another part.</exception>
    public async Task<(HubResponse Response, long Start)> RequestAsync(long from, long? to, CancellationToken cancellationToken)
    {
        for (bool again = false; ; again = true)
        {
            FileMetadata metadata = Volatile.Read(ref _metadata);
            var request = new HubRequest(HttpMethod.Get, metadata.Address)
            {
                From = from > 0 || to is not null ? from : null, To = to, IfRange = metadata.RangeTag, Subject = subject,
            };
            (HubResponse response, _, _) = await hub.Client.SendAsync(request, cancellationToken).ConfigureAwait(false);
            try
            {
                // The address of a file on a content network is signed, and expires.
                bool expired = (int)response.Message.StatusCode is >= 400 and < 500 and not 416 and not 429
                    && !hub.Settings.IsHub(metadata.Address);
                if (again || !expired) return (response, StartOf(response.Message, from, to));
            }
            catch
            {
                response.Dispose();
                throw;
            }

            response.Dispose();
            FileMetadata fresh = await FileMetadata.ReadAsync(hub.Client, hub.Settings, subject, cancellationToken).ConfigureAwait(false);
            if (fresh.Tag != metadata.Tag) throw Mismatch("it was replaced while it was downloaded");
            Volatile.Write(ref _metadata, fresh);
        }
    }

    /// <summary>Size of the file; null if unknown.</summary>
    public long? Size => _metadata.Size;

    private async Task ContinueAsync(GrowingFile file, CancellationToken cancellationToken)
    {
        (HubResponse response, long start) = await RequestAsync(file.Length, to: null, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            byte[] buffer = new byte[BufferSize];
            // A server that does not know ranges sends what is there already.
            long position = start;
            while (_metadata.Size is not { } size || position < size)
            {
                int count = await response.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (count == 0) break;
                int known = (int)Math.Clamp(file.Length - position, 0, count);
                position += count;
                if (position > _metadata.Size) throw Mismatch($"it has {_metadata.Size} bytes, and the server sends more");
                file.Append(buffer.AsSpan(known, count - known));
                progress.Set(subject.File!, file.Length);
            }

            if (position < _metadata.Size)
                throw new BodyInterruptedException($"the answer ended after {position} of {_metadata.Size} bytes");
        }
    }

    private long StartOf(HttpResponseMessage message, long from, long? to)
    {
        if (message.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable) throw Mismatch($"the server has no byte {from} of it");
        HubRefusal.ThrowIf(message, subject, hub.Settings);
        if (_metadata.RangeTag is { } tag && message.Headers.ETag is { } other && tag.Tag != other.Tag)
            throw Mismatch("it was replaced while it was downloaded");
        if (message.StatusCode == HttpStatusCode.OK)
        {
            if (message.Content.Headers.ContentLength is { } length && _metadata.Size is { } whole && length != whole)
                throw Mismatch($"it has {whole} bytes, and the server announces {length}");
            return 0;
        }

        ContentRangeHeaderValue? range = message.Content.Headers.ContentRange;
        if (message.StatusCode != HttpStatusCode.PartialContent || range?.From != from || (to is not null && range.To != to))
            throw Mismatch($"the server answers {(int)message.StatusCode} with '{range}' to a request from byte {from}");
        if (range.Length is { } total && _metadata.Size is { } size && total != size)
            throw Mismatch($"it has {size} bytes, and the server announces {total}");
        return from;
    }

    private async Task CheckAsync(GrowingFile file, CancellationToken cancellationToken)
    {
        if (_metadata.Size is { } size && file.Length != size) throw Mismatch($"it has {size} bytes, and {file.Length} arrived");
        if (await BlobHash.DifferenceAsync(file.Path, _metadata.Tag, cancellationToken).ConfigureAwait(false) is { } found)
            throw Mismatch($"its hash is {_metadata.Tag}, and that of the bytes that arrived is {found}");
    }

    private HubIntegrityException Mismatch(string how) => new($"{subject}: {how}.");
}
