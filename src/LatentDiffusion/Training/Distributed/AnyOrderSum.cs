using System.Numerics.Tensors;

namespace LatentDiffusion.Training;

/// <summary>A sum of gradients in any order: each process sums its own, and MPI adds these sums.</summary>
internal sealed unsafe class AnyOrderSum(OpenMpiChannel channel, int bucketLength) : IDisposable
{
    private readonly NativeFloats _own = new();
    private bool _begun;
    private long _length;

    public void Add(nint gradients, long length)
    {
        Prepare(length);
        for (long start = 0; start < length; start += bucketLength)
        {
            int count = (int)Math.Min(bucketLength, length - start);
            var sum = new Span<float>(_own.At(start), count);
            TensorPrimitives.Add(sum, new ReadOnlySpan<float>((float*)gradients + start, count), sum);
        }
    }

    public void Complete(nint sum, long length)
    {
        Prepare(length);
        channel.Run(() =>
        {
            channel.Announce(OpenMpiChannel.Call.Complete, length);
            for (long start = 0; start < length; start += bucketLength)
            {
                int count = (int)Math.Min(bucketLength, length - start);
                channel.Wait(channel.Library.AllReduce(_own.At(start), (float*)sum + start, count), "Complete");
            }

            return true;
        });
        _begun = false;
    }

    public void Dispose() => _own.Dispose();

    private void Prepare(long length)
    {
        if (_begun && length == _length) return;
        _length = length;
        _own.Resize(length);
        _own.Clear();
        _begun = true;
    }
}
