using System.CommandLine;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Compares everything that <see cref="OpenMpiReducer"/> does with plain loops, under mpirun; the exit code is 0 if all is right. For
/// tests.
/// </summary>
internal static class ReductionCheck
{
    private static readonly long[] s_lengths = [0, 1, 15, 16, 17, 1000, 4096, 65_537];

    public static Command Command()
    {
        var fails = new Option<string?>("--then") { Description = "How process 1 ends: 'leaves', 'hangs' or 'calls' something else." };
        var anyOrder = new Option<bool>("--any-order");
        var command = new Command("check-reduction") { fails, anyOrder };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            TimeSpan limit = parsed.GetValue(fails) is null ? TimeSpan.FromMinutes(2) : TimeSpan.FromSeconds(3);
            using var group = OpenMpiReducer.Join(new OpenMpiOptions 
            {
                BucketLength = 1024, TimeLimit = limit, RankOrdered = !parsed.GetValue(anyOrder),
            });
            if (parsed.GetValue(fails) is { } how) return Fail(group, how);
            foreach (long length in s_lengths)
                for (int rounds = 0; rounds < 4; rounds++) Check(group, length, rounds);
            using Tensor values = full(100_003, (float)group.Rank);
            group.Broadcast(values);
            Require(values.bytes.IndexOfAnyExcept((byte)0) < 0, "Broadcast");
            IReadOnlyList<byte[]> all = group.Gather(Encoding.ASCII.GetBytes(new string('x', 1000 * group.Rank)));
            Require(all.Select(m => m.Length).SequenceEqual(Enumerable.Range(0, group.Size).Select(rank => 1000 * rank)), "Gather");
            // The runtime's own signal handlers still work.
            try
            {
                _ = ((string)null!).Length;
            }
            catch (NullReferenceException)
            {
                return 0;
            }

            return 1;
        });
        return command;
    }

    private static void Check(OpenMpiReducer group, long length, int rounds)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor expected = zeros(length), sum = ones(length);
        for (int round = 0; round < rounds; round++)
        {
            for (int rank = 0; rank < group.Size; rank++) expected.add_(Values(length, round, rank));
            Tensor own = Values(length, round, group.Rank);
            group.Add(own);
            own.zero_();
        }

        group.Complete(sum);
        bool right = group.IsRankOrdered ? sum.bytes.SequenceEqual(expected.bytes) : sum.allclose(expected, 1e-4, 1e-4);
        Require(right, $"The sum of {length} values in {rounds} rounds");
        byte[] bits = sum.bytes.ToArray();
        Require(group.Gather(bits).All(other => other.AsSpan().SequenceEqual(bits)), "A sum that differs between processes");
    }

    // Of sizes that differ so much that every other order of the sum has other bits.
    private static Tensor Values(long length, int round, int rank)
    {
        using var generator = new Generator((ulong)(100 * round + rank));
        return randn(length, generator: generator) * Math.Pow(10, rank - round);
    }

    private static int Fail(OpenMpiReducer group, string how)
    {
        try
        {
            if (group.Rank == 1)
            {
                if (how == "leaves")
                {
                    group.Dispose();
                    // mpirun ends the others as soon as this process ends.
                    Thread.Sleep(TimeSpan.FromSeconds(2));
                    return 3;
                }

                if (how == "hangs") Thread.Sleep(TimeSpan.FromMinutes(1));
                using Tensor value = zeros(1);
                group.Broadcast(value);
            }

            group.Gather([]);
            return 0;
        }
        catch (ProcessGroupException e)
        {
            Console.WriteLine($"rank {group.Rank}: {e.Message}");
            return 4;
        }
    }

    private static void Require(bool condition, string what)
    {
        if (!condition) throw new MeasurementException($"{what} is wrong.");
    }
}
