using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The processes that Open MPI's <c>mpirun</c> (or Slurm's <c>srun --mpi=pmix</c>) has started, on one machine or many. Linux and macOS.
/// </summary>
/// <remarks>
/// The rank-ordered sum sends as much as the usual ring: each process receives its part of all gradients, adds it in the order of the
/// ranks, and sends the result to all, in total 2·(N−1)/N of the gradients' size per process. With k batches per process it is
/// (k+1)·(N−1)/N, and all but the last part is sent while the next batch is computed. One dedicated thread makes all calls of MPI.
/// Every call says what it is, so that processes which call different methods end with a message instead of waiting.
/// </remarks>
public sealed unsafe class OpenMpiReducer : IGradientReducer, IDisposable
{
    private static readonly Lock s_gate = new();
    private static bool s_joined;

    private readonly OpenMpiOptions _options;
    private readonly OpenMpiChannel _channel;
    private readonly OrderedSum _ordered;
    private readonly AnyOrderSum _unordered;

    private OpenMpiReducer(OpenMpiOptions options, OpenMpiChannel channel)
    {
        (_options, _channel) = (options, channel);
        _ordered = new OrderedSum(channel, options.BucketLength);
        _unordered = new AnyOrderSum(channel, options.BucketLength);
    }

    /// <summary>Whether a launcher of MPI has started this process: only then is there a group to join.</summary>
    public static bool IsLaunched => LaunchedSize is not null || Environment.GetEnvironmentVariable("PMIX_RANK") is not null;

    /// <inheritdoc />
    public int Rank => _channel.Rank;

    /// <inheritdoc />
    public int Size => _channel.Size;

    /// <inheritdoc />
    public bool IsRankOrdered => _options.RankOrdered;

    // The first is Open MPI's, the second that of other launchers.
    private static string? LaunchedSize =>
        Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_SIZE") ?? Environment.GetEnvironmentVariable("PMI_SIZE");

    /// <summary>Joins the group of this process's launcher, once per process. Dispose it before the process ends.</summary>
    /// <param name="options">Order of the sum and time limit; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="DllNotFoundException">Open MPI is not installed.</exception>
    /// <exception cref="NotSupportedException">The installed MPI, or the launcher, is not Open MPI's.</exception>
    /// <exception cref="InvalidOperationException">The process has joined before.</exception>
    /// <exception cref="ProcessGroupException">MPI reports an error.</exception>
    public static OpenMpiReducer Join(OpenMpiOptions? options = null)
    {
        options ??= new OpenMpiOptions();
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.TimeLimit, TimeSpan.Zero, nameof(options.TimeLimit));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BucketLength, 1024, nameof(options.BucketLength));
        lock (s_gate)
        {
            if (s_joined) throw new InvalidOperationException("This process has joined its group already; MPI allows it once.");
            OpenMpiChannel channel = OpenMpiChannel.Open(OpenMpiLibrary.Load(), options.TimeLimit);
            s_joined = true;
            if (channel.Size == 1 && LaunchedSize is { } size && size != "1")
                throw new NotSupportedException(
                    $"The launcher started {size} processes, and Open MPI sees one: it is the launcher of another MPI. "
                        + "Expected Open MPI's mpirun, or srun --mpi=pmix.");
            return new OpenMpiReducer(options, channel);
        }
    }

    /// <inheritdoc />
    public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> message)
    {
        byte[] own = message.ToArray();
        return _channel.Run(() => GatherNow(own));
    }

    /// <inheritdoc />
    public void Broadcast(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (!values.is_contiguous()) throw new ArgumentException("The tensor is not contiguous.", nameof(values));
        using IDisposable noGradient = no_grad();
        using Tensor here = values.device_type == DeviceType.CPU ? values.detach() : values.cpu();
        nint address = Address(here);
        long bytes = here.numel() * here.ElementSize;
        _channel.Run(() =>
        {
            _channel.Announce(OpenMpiChannel.Call.Broadcast, bytes);
            long piece = _options.BucketLength * (long)sizeof(float);
            for (long start = 0; start < bytes; start += piece)
                _channel.Wait(_channel.Library.Broadcast((byte*)address + start, (int)Math.Min(piece, bytes - start)), "Broadcast");
            return true;
        });
        if (values.device_type != DeviceType.CPU) values.copy_(here);
    }

    /// <inheritdoc />
    public void Add(Tensor gradients)
    {
        using Tensor here = Float32(gradients, nameof(gradients));
        if (_options.RankOrdered) _ordered.Add(Address(here), here.numel());
        else _unordered.Add(Address(here), here.numel());
    }

    /// <inheritdoc />
    public void Complete(Tensor sum)
    {
        using Tensor here = Float32(sum, nameof(sum));
        if (_options.RankOrdered) _ordered.Complete(Address(here), here.numel());
        else _unordered.Complete(Address(here), here.numel());
        if (sum.device_type == DeviceType.CPU) return;
        using IDisposable noGradient = no_grad();
        sum.copy_(here);
    }

    /// <summary>
    /// Leaves the group. The others may still work together only if they leave too: a call of theirs ends with a
    /// <see cref="ProcessGroupException"/>.
    /// </summary>
    public void Dispose()
    {
        _channel.Dispose();
        _ordered.Dispose();
        _unordered.Dispose();
    }

    private byte[][] GatherNow(byte[] own)
    {
        long[] lengths = _channel.Announce(OpenMpiChannel.Call.Gather, own.Length);
        int[] counts = _channel.Pinned(lengths.Select(l => (int)l)), offsets = _channel.Pinned(Offsets(counts));
        byte[] all = GC.AllocateUninitializedArray<byte>(Math.Max(1, offsets[^1] + counts[^1]), pinned: true);
        byte[] sent = GC.AllocateUninitializedArray<byte>(Math.Max(1, own.Length), pinned: true);
        own.CopyTo(sent, 0);
        fixed (byte* to = all, from = sent)
        fixed (int* each = counts, at = offsets)
            _channel.Wait(_channel.Library.AllGather(from, own.Length, to, each, at, floats: false), "Gather");
        return [.. counts.Zip(offsets, (count, offset) => all[offset..(offset + count)])];
    }

    private static IEnumerable<int> Offsets(int[] counts)
    {
        int sum = 0;
        foreach (int count in counts)
        {
            yield return sum;
            sum = checked(sum + count);
        }
    }

    private static Tensor Float32(Tensor values, string name)
    {
        ArgumentNullException.ThrowIfNull(values, name);
        if (values.dtype != ScalarType.Float32 || values.dim() != 1 || !values.is_contiguous())
            throw new ArgumentException(
                $"The tensor is {values.dtype} of {values.dim()} dimensions; expected float32 of one dimension, contiguous.", name);
        if (values.numel() > int.MaxValue - 1024)
            throw new ArgumentException($"The tensor has {values.numel()} values; MPI counts up to {int.MaxValue - 1024}.", name);
        return values.device_type == DeviceType.CPU ? values.detach() : values.cpu();
    }

    private static nint Address(Tensor values)
    {
        if (values.numel() == 0) return 0;
        using Tensor first = values.view(-1).narrow(0, 0, 1);
        return (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }
}
