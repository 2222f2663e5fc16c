using System.Threading.RateLimiting;

namespace LatentDiffusion;

/// <summary>
/// The queue of a pipeline's generations: at most <see cref="DiffusionPipelineOptions.MaxConcurrentGenerations"/> run, and their
/// memory stays within <see cref="DiffusionPipelineOptions.MaximumMemory"/>. Others wait, first come first served.
/// </summary>
internal sealed class GenerationQueue(DiffusionPipelineOptions options) : IDisposable
{
    private const long Mebibyte = 1 << 20;

    private readonly ConcurrencyLimiter? _slots = Limiter(options.MaxConcurrentGenerations);
    private readonly ConcurrencyLimiter? _mebibytes = Limiter(Mebibytes(options.MaximumMemory));
    private int _waiting;

    /// <summary>Waits for a turn, which ends when the result is disposed.</summary>
    /// <param name="memory">Bytes that the generation needs, at most the maximum.</param>
    /// <param name="mayWait">Whether those that run can end before this one does.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="GenerationLimitException">As many wait as may.</exception>
    /// <exception cref="InvalidOperationException">It would have to wait for a generation that waits for it.</exception>
    public async ValueTask<IDisposable> EnterAsync(long memory, bool mayWait, CancellationToken cancellationToken)
    {
        var turn = new Turn();
        try
        {
            await Take(turn, _slots, 1).ConfigureAwait(false);
            await Take(turn, _mebibytes, Mebibytes(memory)!.Value).ConfigureAwait(false);
            return turn;
        }
        catch
        {
            turn.Dispose();
            throw;
        }

        async ValueTask Take(Turn turn, ConcurrencyLimiter? limiter, int permits)
        {
            if (limiter is null) return;
            RateLimitLease lease = limiter.AttemptAcquire(permits);
            if (!lease.IsAcquired) lease = await WaitAsync(limiter, permits, mayWait, cancellationToken).ConfigureAwait(false);
            turn.Leases.Push(lease);
        }
    }

    public void Dispose()
    {
        _slots?.Dispose();
        _mebibytes?.Dispose();
    }

    private async ValueTask<RateLimitLease> WaitAsync(
        ConcurrencyLimiter limiter, int permits, bool mayWait, CancellationToken cancellationToken)
    {
        if (!mayWait)
        {
            throw new InvalidOperationException(
                "A generation was started from a callback of another one, and would have to wait for it to end: "
                + $"{nameof(options.MaxConcurrentGenerations)} is {options.MaxConcurrentGenerations?.ToString() ?? "null"}. "
                + "Start it after the callback.");
        }

        try
        {
            int waiting = Interlocked.Increment(ref _waiting);
            if (options.MaximumQueueLength is { } most && waiting > most)
            {
                throw new GenerationLimitException(
                    nameof(options.MaximumQueueLength), waiting, most, $"{most} generations are waiting already; try again later.");
            }

            return await limiter.AcquireAsync(permits, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private static ConcurrencyLimiter? Limiter(int? permits) => permits is not { } limit ? null : new ConcurrencyLimiter(
        new ConcurrencyLimiterOptions
        {
            PermitLimit = limit, QueueLimit = int.MaxValue, QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        });

    /// <summary>Rounded up, at least 1.</summary>
    private static int? Mebibytes(long? bytes) =>
        bytes is not { } some ? null : (int)Math.Clamp(some / Mebibyte + (some % Mebibyte > 0 ? 1 : 0), 1, int.MaxValue);

    private sealed class Turn : IDisposable
    {
        public Stack<RateLimitLease> Leases { get; } = [];

        public void Dispose()
        {
            while (Leases.TryPop(out RateLimitLease? lease)) lease.Dispose();
        }
    }
}
