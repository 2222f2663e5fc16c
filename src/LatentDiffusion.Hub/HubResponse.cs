namespace LatentDiffusion.Hub;

/// <summary>An answer whose body is read with a limit on each pause.</summary>
/// <param name="message">The answer, whose body is not read yet.</param>
/// <param name="stallTimeout">Longest pause.</param>
internal sealed class HubResponse(HttpResponseMessage message, TimeSpan stallTimeout) : IDisposable
{
    private CancellationTokenSource? _pause;
    private Stream? _body;

    public HttpResponseMessage Message { get; } = message;

    /// <summary>Reads some bytes of the body; 0 at its end.</summary>
    /// <exception cref="BodyInterruptedException">It broke off, or nothing arrived for too long.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        _pause ??= CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _pause.CancelAfter(stallTimeout);
        try
        {
            _body ??= await Message.Content.ReadAsStreamAsync(_pause.Token).ConfigureAwait(false);
            int count = await _body.ReadAsync(buffer, _pause.Token).ConfigureAwait(false);
            _pause.CancelAfter(Timeout.InfiniteTimeSpan);
            return count;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BodyInterruptedException($"no data arrived for {stallTimeout}", e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new BodyInterruptedException(e.Message, e);
        }
    }

    public void Dispose()
    {
        Message.Dispose();
        _pause?.Dispose();
    }
}
