using System.Buffers;

namespace LatentDiffusion.Hub;

/// <summary>
/// Downloads the missing end of a file in chunks over several connections. Each connection keeps its chunk in memory until all bytes
/// before it are in the file, so that the file grows at its end only. The connection whose turn it is writes what arrives at once.
/// </summary>
/// <param name="hub">The options.</param>
/// <param name="subject">The file.</param>
/// <param name="download">Requests its parts.</param>
/// <param name="file">Where it goes.</param>
/// <param name="progress">Receives the progress.</param>
internal sealed class PartedDownload(
    HubConnection hub, HubSubject subject, BlobDownload download, GrowingFile file, DownloadProgress progress)
{
    private readonly long _start = file.Length, _size = download.Size!.Value;
    private long _received = file.Length;
    private TaskCompletionSource[] _written = [];
    private int _next = -1;

    /// <exception cref="RangesIgnoredException">The server sends the whole file in place of a part.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        int chunks = checked((int)((_size - _start + hub.Options.ChunkSize - 1) / hub.Options.ChunkSize));
        _written = new TaskCompletionSource[chunks];
        for (int i = 0; i < chunks; i++) _written[i] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] connections = [.. Enumerable.Range(0, Math.Min(hub.Options.ConnectionsPerFile, chunks)).Select(_ => WorkAsync(stop))];
        try
        {
            await Task.WhenAll(connections).ConfigureAwait(false);
        }
        catch
        {
            cancellationToken.ThrowIfCancellationRequested();
            // The others were cancelled because one failed.
            Exception cause = connections.Where(c => c.IsFaulted).Select(c => c.Exception!.InnerException!).First();
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(cause);
        }
    }

    private async Task WorkAsync(CancellationTokenSource stop)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(hub.Options.ChunkSize);
        try
        {
            while (Interlocked.Increment(ref _next) is var chunk && chunk < _written.Length)
            {
                long from = _start + ((long)chunk * hub.Options.ChunkSize);
                var part = new Part(chunk, from, (int)Math.Min(hub.Options.ChunkSize, _size - from), buffer);
                await FetchAsync(part, stop.Token).ConfigureAwait(false);
            }
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task FetchAsync(Part part, CancellationToken cancellationToken)
    {
        Task turn = part.Index == 0 ? Task.CompletedTask : _written[part.Index - 1].Task;
        for (int failures = 0; part.Filled < part.Length;)
        {
            int before = part.Filled;
            try
            {
                await ReceiveAsync(part, turn, cancellationToken).ConfigureAwait(false);
            }
            catch (BodyInterruptedException e)
            {
                failures = part.Filled > before ? 1 : failures + 1;
                await download.PauseAsync(failures, part.From + part.Filled, e, cancellationToken).ConfigureAwait(false);
            }
        }

        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        part.WriteTo(file);
        _written[part.Index].SetResult();
    }

    private async Task ReceiveAsync(Part part, Task turn, CancellationToken cancellationToken)
    {
        long from = part.From + part.Filled;
        (HubResponse response, long start) =
            await download.RequestAsync(from, part.From + part.Length - 1, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            if (start != from || response.Message.StatusCode == System.Net.HttpStatusCode.OK) throw new RangesIgnoredException();
            while (part.Filled < part.Length)
            {
                int count = await response.ReadAsync(part.Free, cancellationToken).ConfigureAwait(false);
                if (count == 0) throw new BodyInterruptedException($"the answer ended at byte {part.From + part.Filled}");
                part.Filled += count;
                if (turn.IsCompleted) part.WriteTo(file);
                progress.Set(subject.File!, Interlocked.Add(ref _received, count));
            }
        }
    }

    /// <summary>A chunk that one connection receives.</summary>
    private sealed class Part(int index, long from, int length, byte[] buffer)
    {
        private int _flushed;

        public int Index => index;

        public long From => from;

        public int Length => length;

        public int Filled { get; set; }

        public Memory<byte> Free => buffer.AsMemory(Filled, length - Filled);

        public void WriteTo(GrowingFile file)
        {
            file.Append(buffer.AsSpan(_flushed, Filled - _flushed));
            _flushed = Filled;
        }
    }
}
