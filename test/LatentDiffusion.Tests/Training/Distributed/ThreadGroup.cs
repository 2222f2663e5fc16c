using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training.Distributed;

/// <summary>Threads of this process as the processes of a group: the gradient reducer of another author.</summary>
internal sealed class ThreadGroup : IDisposable
{
    private readonly Barrier _barrier;
    private readonly byte[][] _messages;
    private readonly Tensor?[] _tensors;
    private Tensor? _sum;

    private ThreadGroup(int size) =>
        (_barrier, _messages, _tensors) = (new Barrier(size), new byte[size][], new Tensor?[size]);

    /// <summary>Runs a function once for each rank, all at the same time.</summary>
    /// <returns>What each rank returns, or throws.</returns>
    public static (T? Value, Exception? Failure)[] Run<T>(int size, Func<IGradientReducer, T> run)
    {
        using var group = new ThreadGroup(size);
        var results = new (T?, Exception?)[size];
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                results[rank] = (run(new Member(group, rank)), null);
            }
            catch (Exception e)
            {
                results[rank] = (default, e);
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        return results;
    }

    public void Dispose()
    {
        _sum?.Dispose();
        _barrier.Dispose();
    }

    private void Wait()
    {
        if (!_barrier.SignalAndWait(TimeSpan.FromMinutes(5))) throw new ProcessGroupException("A thread does not answer.");
    }

    private sealed class Member(ThreadGroup group, int rank) : IGradientReducer
    {
        public int Rank => rank;

        public int Size => group._messages.Length;

        public bool IsRankOrdered => true;

        public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> message)
        {
            group._messages[rank] = message.ToArray();
            group.Wait();
            byte[][] all = [.. group._messages];
            group.Wait();
            return all;
        }

        public void Broadcast(Tensor values)
        {
            group._tensors[rank] = values;
            group.Wait();
            if (rank > 0)
            {
                using IDisposable noGradient = no_grad();
                values.copy_(group._tensors[0]!);
            }

            group.Wait();
        }

        public void Add(Tensor gradients)
        {
            group._tensors[rank] = gradients;
            group.Wait();
            if (rank == 0)
            {
                using IDisposable noGradient = no_grad();
                group._sum ??= zeros_like(gradients).DetachFromDisposeScope();
                foreach (Tensor? own in group._tensors) group._sum.add_(own!);
            }

            group.Wait();
        }

        public void Complete(Tensor sum)
        {
            group.Wait();
            using (no_grad()) sum.copy_(group._sum!);
            group.Wait();
            if (rank > 0) return;
            group._sum!.Dispose();
            group._sum = null;
        }
    }
}
