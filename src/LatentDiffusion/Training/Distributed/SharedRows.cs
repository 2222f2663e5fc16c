using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Rows of a <see cref="RowFile"/> that several processes compute: batch i by process i mod N. Process 0 writes them.
/// </summary>
/// <param name="group">The processes.</param>
/// <param name="compute">Computes rows.</param>
internal sealed class SharedRows(IProcessGroup group, RowFile.Computation compute)
{
    private const byte Stopped = 1, Computed = 0;

    /// <summary>Makes all rows that are not there yet.</summary>
    /// <param name="writer">The file; null in all processes but the first.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="batchSize">Rows computed at a time.</param>
    /// <param name="progress">Receives the number of rows done.</param>
    /// <param name="cancellationToken">Stops the work of all processes.</param>
    public void Make(RowFileWriter? writer, long rows, int batchSize, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        int CountAt(long start) => (int)Math.Min(batchSize, rows - start);
        long[] starts = Missing();
        long done = rows - starts.Sum(start => (long)CountAt(start));
        for (int round = 0; round < starts.Length; round += group.Size)
        {
            int own = round + group.Rank;
            IReadOnlyList<byte[]> all = group.Exchange(() =>
            {
                if (cancellationToken.IsCancellationRequested) return [Stopped];
                if (own >= starts.Length) return [Computed];
                using DisposeScope scope = NewDisposeScope();
                long? next = own + group.Size < starts.Length ? starts[own + group.Size] : null;
                return [Computed, .. Write(compute(starts[own], CountAt(starts[own]), next))];
            });
            if (all.Any(m => m[0] == Stopped)) throw new OperationCanceledException("A process was cancelled.", cancellationToken);
            long[] computed = starts[round..Math.Min(round + group.Size, starts.Length)];
            group.RunOnFirst(() =>
            {
                for (int i = 0; i < computed.Length; i++)
                {
                    using DisposeScope scope = NewDisposeScope();
                    writer!.Write(computed[i], Read(all[i].AsMemory(1)));
                }
            });
            progress?.Report(done += computed.Sum(start => (long)CountAt(start)));
        }

        long[] Missing()
        {
            byte[] missing = group.Exchange(() =>
            {
                if (writer is null) return [];
                var starts = new List<long>();
                for (long start = 0; start < rows; start += batchSize)
                    if (!writer.IsDone(start, CountAt(start))) starts.Add(start);
                return MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(starts)).ToArray();
            })[0];
            return MemoryMarshal.Cast<byte, long>(missing).ToArray();
        }
    }

    private static byte[] Write(IReadOnlyList<(string Name, Tensor Rows)> tensors)
    {
        using var message = new MemoryStream();
        using var writer = new BinaryWriter(message);
        writer.Write(tensors.Count);
        foreach ((string name, Tensor rows) in tensors)
        {
            using Tensor here = rows.cpu().contiguous();
            writer.Write(name);
            writer.Write((int)here.dtype);
            writer.Write((int)here.dim());
            foreach (long size in here.shape) writer.Write(size);
            writer.Write(here.bytes);
        }

        writer.Flush();
        return message.ToArray();
    }

    private static List<(string, Tensor)> Read(ReadOnlyMemory<byte> message)
    {
        using var reader = new BinaryReader(new MemoryStream(message.ToArray()));
        var tensors = new List<(string, Tensor)>();
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            string name = reader.ReadString();
            var type = (ScalarType)reader.ReadInt32();
            long[] shape = new long[reader.ReadInt32()];
            for (int i = 0; i < shape.Length; i++) shape[i] = reader.ReadInt64();
            Tensor rows = empty(shape, type, CPU);
            reader.BaseStream.ReadExactly(rows.bytes);
            tensors.Add((name, rows));
        }

        return tensors;
    }
}
