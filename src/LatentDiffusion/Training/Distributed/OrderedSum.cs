using System.Numerics.Tensors;

namespace LatentDiffusion.Training;

/// <summary>
/// A sum of gradients in the order of the ranks. Each process owns a part of it: the others send theirs, it adds them in order, and in
/// the end all parts go to all processes.
/// </summary>
internal sealed unsafe class OrderedSum(OpenMpiChannel channel, int bucketLength) : IDisposable
{
    // Two buckets are on their way at a time.
    private const int Slots = 2;
    private const long Alignment = 16;

    private readonly NativeFloats _sent = new(), _received = new(), _sum = new();
    private readonly int[][] _arrays = new int[4 * Slots][];
    private Task? _adding;
    private bool _begun;
    private long _length, _part, _piece;

    public void Add(nint gradients, long length)
    {
        Finish();
        Prepare(length);
        Buffer.MemoryCopy((void*)gradients, _sent.At(0), length * sizeof(float), length * sizeof(float));
        _adding = channel.Post(() =>
        {
            channel.Announce(OpenMpiChannel.Call.Add, length);
            AddParts();
            return true;
        });
    }

    public void Complete(nint sum, long length)
    {
        Finish();
        Prepare(length);
        channel.Run(() =>
        {
            channel.Announce(OpenMpiChannel.Call.Complete, length);
            int[] counts = channel.Pinned(Ranks.Select(rank => (int)PartOf(rank))),
                offsets = channel.Pinned(Ranks.Select(rank => (int)StartOf(rank)));
            fixed (int* each = counts, at = offsets)
                channel.Wait(
                    channel.Library.AllGather(_sum.At(0), counts[channel.Rank], (void*)sum, each, at, floats: true), "Complete");
            return true;
        });
        _begun = false;
    }

    public void Dispose()
    {
        _sent.Dispose();
        _received.Dispose();
        _sum.Dispose();
    }

    private IEnumerable<int> Ranks => Enumerable.Range(0, channel.Size);

    private void Finish()
    {
        if (_adding is null) return;
        channel.Await(_adding);
        _adding = null;
    }

    private void Prepare(long length)
    {
        if (_begun && length == _length) return;
        _length = length;
        _part = Aligned((length + channel.Size - 1) / channel.Size);
        _piece = Math.Max(Alignment, Math.Min(_part, bucketLength / channel.Size / Alignment * Alignment));
        _sent.Resize(length);
        _sum.Resize(_part);
        _received.Resize(Slots * _piece * channel.Size);
        _sum.Clear();
        _begun = true;
    }

    private void AddParts()
    {
        int buckets = (int)((_part + _piece - 1) / _piece);
        nint[] requests = new nint[Slots];
        if (buckets > 0) requests[0] = Begin(0);
        for (int bucket = 0; bucket < buckets; bucket++)
        {
            if (bucket + 1 < buckets) requests[(bucket + 1) % Slots] = Begin(bucket + 1);
            channel.Wait(requests[bucket % Slots], "Add");
            int length = (int)LengthOf(channel.Rank, bucket);
            var sum = new Span<float>(_sum.At(bucket * _piece), length);
            foreach (int rank in Ranks)
                TensorPrimitives.Add(sum, new ReadOnlySpan<float>(_received.At(Place(bucket, rank)), length), sum);
        }
    }

    private nint Begin(int bucket)
    {
        int slot = bucket % Slots, own = (int)LengthOf(channel.Rank, bucket);
        int[] counts = _arrays[4 * slot] = channel.Pinned(Ranks.Select(rank => (int)LengthOf(rank, bucket))),
            offsets = _arrays[4 * slot + 1] = channel.Pinned(Ranks.Select(rank => (int)Math.Min(StartOf(rank) + bucket * _piece, _length))),
            receivedCounts = _arrays[4 * slot + 2] = channel.Pinned(Ranks.Select(_ => own)),
            receivedOffsets = _arrays[4 * slot + 3] = channel.Pinned(Ranks.Select(rank => (int)(rank * _piece)));
        // Pinned arrays, which the fields keep alive until the request is done.
        fixed (int* each = counts, at = offsets, eachReceived = receivedCounts, atReceived = receivedOffsets)
            return channel.Library.Exchange(_sent.At(0), each, at, _received.At(Place(bucket, 0)), eachReceived, atReceived);
    }

    private long Place(int bucket, int rank) => (bucket % Slots * channel.Size + rank) * _piece;

    private long StartOf(int rank) => Math.Min(rank * _part, _length);

    private long PartOf(int rank) => Math.Min(StartOf(rank) + _part, _length) - StartOf(rank);

    private long LengthOf(int rank, int bucket) => Math.Clamp(PartOf(rank) - bucket * _piece, 0, _piece);

    private static long Aligned(long length) => (length + Alignment - 1) / Alignment * Alignment;
}
