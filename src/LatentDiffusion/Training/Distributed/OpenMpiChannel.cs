using System.Collections.Concurrent;
using System.Diagnostics;

namespace LatentDiffusion.Training;

/// <summary>
/// The thread that makes all calls of MPI, one piece of work after the other, and that gives up on processes which do not answer.
/// </summary>
internal sealed unsafe class OpenMpiChannel : IDisposable
{
    // Short waits are worth a core; in long ones it belongs to the other processes of the machine.
    private static readonly TimeSpan s_spin = TimeSpan.FromMilliseconds(0.2), s_yield = TimeSpan.FromMilliseconds(5);

    private readonly BlockingCollection<Action> _work = [];
    private readonly TimeSpan _limit;
    private readonly Thread _thread;
    private volatile Exception? _failure;
    private int _awaited;
    private bool _disposed;

    private OpenMpiChannel(OpenMpiLibrary library, TimeSpan limit)
    {
        (Library, _limit) = (library, limit);
        _thread = new Thread(Work) { IsBackground = true, Name = "Open MPI" };
        _thread.Start();
    }

    /// <summary>What a process does next, so that the others know.</summary>
    public enum Call
    {
        Gather,
        Broadcast,
        Add,
        Complete,
        Leave,
    }

    public OpenMpiLibrary Library { get; }

    public int Rank { get; private set; }

    public int Size { get; private set; }

    public static OpenMpiChannel Open(OpenMpiLibrary library, TimeSpan limit)
    {
        var channel = new OpenMpiChannel(library, limit);
        channel.Run(() =>
        {
            library.Initialize();
            (channel.Rank, channel.Size) = (library.Rank(), library.Size());
            return true;
        });
        return channel;
    }

    /// <summary>Does work on the channel's thread after what was posted before, and waits for it.</summary>
    public T Run<T>(Func<T> work)
    {
        Interlocked.Increment(ref _awaited);
        try
        {
            return Post(work).GetAwaiter().GetResult();
        }
        finally
        {
            Interlocked.Decrement(ref _awaited);
        }
    }

    /// <summary>Runs work on the channel's thread; the caller does not wait.</summary>
    public Task<T> Post<T>(Func<T> work)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                if (_failure is { } failure)
                    throw new ProcessGroupException(failure.Message, (failure as ProcessGroupException)?.Rank, failure);
                done.SetResult(work());
            }
            catch (Exception e)
            {
                _failure ??= e;
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>Waits for work that was posted.</summary>
    public void Await(Task work)
    {
        Interlocked.Increment(ref _awaited);
        try
        {
            work.GetAwaiter().GetResult();
        }
        finally
        {
            Interlocked.Decrement(ref _awaited);
        }
    }

    /// <summary>Tells the others what this process does next, and makes sure that they do the same.</summary>
    /// <param name="call">The call.</param>
    /// <param name="length">How much it brings.</param>
    /// <returns>How much the call of each process brings.</returns>
    public long[] Announce(Call call, long length)
    {
        const int Words = 2;
        long[] own = GC.AllocateUninitializedArray<long>(Words, pinned: true),
            all = GC.AllocateUninitializedArray<long>(Words * Size, pinned: true);
        (own[0], own[1]) = ((long)call, length);
        fixed (long* from = own, to = all) Wait(Library.AllGather(from, Words * sizeof(long), to), $"{call}");
        for (int rank = 0; rank < Size; rank++)
        {
            var there = (Call)all[Words * rank];
            if (there == call && (call == Call.Gather || all[Words * rank + 1] == length)) continue;
            throw new ProcessGroupException(
                there == Call.Leave ? $"Process {rank} of {Size} has left: it failed, or ended before this one."
                : there != call ? $"Process {rank} of {Size} is in {there}, and this one, {Rank}, in {call}; expected the same."
                : $"Process {rank} of {Size} brings {all[Words * rank + 1]} values to {call}, and this one, {Rank}, {length}; "
                    + "expected as many.",
                rank);
        }

        return [.. Enumerable.Range(0, Size).Select(rank => all[Words * rank + 1])];
    }

    /// <summary>Waits for a request.</summary>
    /// <exception cref="ProcessGroupException">It is not done within the time limit.</exception>
    public void Wait(nint request, string call)
    {
        long began = Stopwatch.GetTimestamp();
        while (!Library.IsDone(ref request))
        {
            TimeSpan waited = Stopwatch.GetElapsedTime(began);
            if (waited > _limit)
                throw new ProcessGroupException(
                    $"Process {Rank} of {Size} has waited {waited.TotalSeconds:0} s for the others in {call}, longer than the time limit: "
                        + "a process hangs, or its machine cannot be reached.");
            if (Volatile.Read(ref _awaited) == 0 || waited > s_yield) Thread.Sleep(1);
            else if (waited > s_spin) Thread.Yield();
            else Thread.SpinWait(10);
        }
    }

    /// <summary>Numbers that stay where they are while MPI reads them.</summary>
    public int[] Pinned(IEnumerable<int> numbers)
    {
        int[] given = [.. numbers], pinned = GC.AllocateUninitializedArray<int>(Math.Max(1, given.Length), pinned: true);
        given.CopyTo(pinned, 0);
        return pinned;
    }

    /// <summary>Leaves the group if the others do so too. Otherwise this process ends without, and mpirun ends the others.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        try
        {
            Run(() =>
            {
                Announce(Call.Leave, 0);
                Library.Leave();
                return true;
            });
        }
        catch (ProcessGroupException)
        {
            // The failure was thrown where it happened, here or in another process.
        }

        _disposed = true;
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Work()
    {
        foreach (Action action in _work.GetConsumingEnumerable()) action();
    }
}
