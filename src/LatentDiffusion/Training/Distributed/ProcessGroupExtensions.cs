using System.Runtime.InteropServices;
using System.Text;

namespace LatentDiffusion.Training;

/// <summary>Work that processes share. Where the group is null or has one process, that process does everything.</summary>
public static class ProcessGroupExtensions
{
    private const byte Succeeded = 0, Failed = 1;

    /// <summary>
    /// Computes a message in every process and brings all messages to every process. Where the computation fails in one process, the
    /// exception is thrown there, and a <see cref="ProcessGroupException"/> with its text in the others: none waits for another in vain.
    /// </summary>
    /// <param name="group">The processes.</param>
    /// <param name="compute">Computes this process's message.</param>
    /// <returns>The messages in the order of the ranks.</returns>
    /// <exception cref="ProcessGroupException">Another process has failed.</exception>
    public static IReadOnlyList<byte[]> Exchange(this IProcessGroup? group, Func<byte[]> compute)
    {
        ArgumentNullException.ThrowIfNull(compute);
        if (group is null || group.Size == 1) return [compute()];
        byte[] message;
        try
        {
            message = [Succeeded, .. compute()];
        }
        // Whoever throws it has heard of the failure as the others have.
        catch (Exception e) when (e is not ProcessGroupException)
        {
            group.Gather([Failed, .. Encoding.UTF8.GetBytes($"{e.GetType().Name}: {e.Message}")]);
            throw;
        }

        IReadOnlyList<byte[]> all = group.Gather(message);
        for (int rank = 0; rank < all.Count; rank++)
        {
            if (all[rank] is not [Succeeded, ..])
                throw new ProcessGroupException($"Process {rank} failed: {Encoding.UTF8.GetString(all[rank].AsSpan(1))}", rank);
        }

        return [.. all.Select(m => m[1..])];
    }

    /// <summary>Whether a condition holds in at least one process; the same answer in all.</summary>
    /// <param name="group">The processes.</param>
    /// <param name="condition">Whether it holds in this one.</param>
    public static bool Any(this IProcessGroup? group, bool condition) =>
        group.Exchange(() => [condition ? (byte)1 : (byte)0]).Any(m => m[0] != 0);

    /// <summary>Runs an action in process 0 while the others wait. Its failure ends all.</summary>
    /// <param name="group">The processes.</param>
    /// <param name="action">The action.</param>
    public static void RunOnFirst(this IProcessGroup? group, Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        group.Exchange(() =>
        {
            if (IsFirst(group)) action();
            return [];
        });
    }

    /// <summary>Whether this is process 0, which writes files.</summary>
    /// <param name="group">The processes.</param>
    public static bool IsFirst(this IProcessGroup? group) => group is null || group.Rank == 0;

    /// <summary>
    /// Computes numbered items, item i in process i mod <see cref="IProcessGroup.Size"/>, and brings all of them to every process.
    /// </summary>
    /// <param name="group">The processes.</param>
    /// <param name="count">Number of items, the same in all processes.</param>
    /// <param name="compute">Computes the bytes of an item from its number.</param>
    /// <returns>The items in order.</returns>
    public static byte[][] Share(this IProcessGroup? group, int count, Func<int, byte[]> compute)
    {
        ArgumentNullException.ThrowIfNull(compute);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        (int rank, int size) = (group?.Rank ?? 0, group?.Size ?? 1);
        IReadOnlyList<byte[]> all = group.Exchange(() =>
        {
            using var message = new MemoryStream();
            using var writer = new BinaryWriter(message);
            for (int i = rank; i < count; i += size)
            {
                byte[] item = compute(i);
                writer.Write(item.Length);
                writer.Write(item);
            }

            writer.Flush();
            return message.ToArray();
        });
        BinaryReader[] readers = [.. all.Select(m => new BinaryReader(new MemoryStream(m)))];
        return [.. Enumerable.Range(0, count).Select(i => readers[i % size].ReadBytes(readers[i % size].ReadInt32()))];
    }

    /// <summary>Computes numbers of numbered items, shared as in <see cref="Share"/>, bit for bit as one process would.</summary>
    /// <param name="group">The processes.</param>
    /// <param name="count">Number of items, the same in all processes.</param>
    /// <param name="compute">Computes the numbers of an item.</param>
    /// <returns>The numbers of each item, in order.</returns>
    public static double[][] ShareNumbers(this IProcessGroup? group, int count, Func<int, double[]> compute)
    {
        ArgumentNullException.ThrowIfNull(compute);
        return [.. group.Share(count, i => MemoryMarshal.AsBytes<double>(compute(i)).ToArray())
            .Select(item => MemoryMarshal.Cast<byte, double>(item).ToArray())];
    }
}
