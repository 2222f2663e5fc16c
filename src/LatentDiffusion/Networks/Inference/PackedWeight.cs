using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A weight in a layout that the CPU computes with at once, in place of the parameter's own values: these are freed, and
/// come back bit for bit when the weight is unpacked or exposed. Of an exposed parameter, which anybody may change, the values
/// stay and are compared with those that were packed. Safe for concurrent evaluations; unpacking is not, and happens while the
/// network is held exclusively.
/// </summary>
/// <remarks>
/// Packed parts take the places of empty tensors, and these come back: the form of a network does not show in the number of
/// live tensors, which then tells what was not disposed.
/// </remarks>
/// <param name="pack">The layout of a weight for an input.</param>
/// <param name="parts">Equal parts of the rows that are packed one by one.</param>
/// <param name="keepsValues">Whether the parameter keeps its values, because the packed weight does not determine them.</param>
internal sealed class PackedWeight(Func<Tensor, Tensor, Tensor> pack, int parts = 1, bool keepsValues = false) : IDisposable
{
    // The best layout can depend on the input's shape. Any layout gives the same values for any shape; another than the best
    // is reordered at each call. An input of another size that recurs is worth packing again for.
    private const int MissesBeforePackingAgain = 4;

    // Of the parameter's shape, so that it can still be asked for it.
    private static readonly Lazy<Tensor> s_freed = new(() => tensor(new[] { float.NaN }).DetachFromDisposeScope());

    private readonly Lock _lock = new();
    private SharedTensors _parts = Empty(parts);
    private long[] _shape = [];
    private int _misses;
    private bool _isPacked, _isExposed, _isFreed, _isDisposed, _keepsValues = keepsValues;
    private ulong _fingerprint;

    /// <summary>The packed parts for an input, to be disposed after use. Packs them the first time.</summary>
    public SharedTensors.Use For(Parameter parameter, Tensor input)
    {
        lock (_lock)
        {
            if (_isExposed) DropIfChanged(parameter);
            if (!_isPacked)
            {
                Keep(parameter, input);
                if (!_keepsValues && !_isExposed) Free(parameter);
            }
            else if (input.shape.AsSpan().SequenceEqual(_shape))
            {
                _misses = 0;
            }
            else if (++_misses >= MissesBeforePackingAgain)
            {
                using Tensor plain = _isFreed ? Plain() : parameter.alias();
                Keep(plain, input);
            }

            return _parts.Take();
        }
    }

    /// <summary>Gives the parameter its values back and leaves it with them from now on, because other layouts are made of them.</summary>
    public void KeepValues(Parameter parameter)
    {
        if (Volatile.Read(ref _keepsValues)) return;
        lock (_lock)
        {
            Restore(parameter);
            Volatile.Write(ref _keepsValues, true);
        }
    }

    /// <summary>Gives the parameter its values back.</summary>
    public void Unpack(Parameter parameter)
    {
        lock (_lock)
        {
            Restore(parameter);
            Drop();
        }
    }

    /// <summary>Gives the parameter its values back and leaves it with them from now on, whatever evaluates or holds it.</summary>
    public void Expose(Parameter parameter)
    {
        if (Volatile.Read(ref _isExposed)) return;
        lock (_lock)
        {
            Restore(parameter);
            if (_isPacked) _fingerprint = WeightFingerprint.Compute(parameter);
            Volatile.Write(ref _isExposed, true);
        }
    }

    /// <summary>Frees the packed weight, once no evaluation uses it.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        (_isDisposed, _isPacked) = (true, false);
        _parts.Dispose();
    }

    private void Free(Parameter parameter)
    {
        using Tensor freed = s_freed.Value.expand(parameter.shape);
        parameter.set_(freed);
        _isFreed = true;
        GlibcAllocator.FreedForGood(parameter.numel() * sizeof(float));
    }

    private void Restore(Parameter parameter)
    {
        if (!_isFreed || !_isPacked) return;
        using IDisposable noGradient = no_grad();
        using Tensor plain = Plain();
        parameter.set_(plain);
        _isFreed = false;
    }

    private void DropIfChanged(Parameter parameter)
    {
        // Before packing, so that a write in the meantime is noticed the next time.
        ulong fingerprint = WeightFingerprint.Compute(parameter);
        if (fingerprint != _fingerprint) Drop();
        _fingerprint = fingerprint;
    }

    private void Keep(Tensor weight, Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] rows = parts == 1 ? [weight.alias()] : weight.chunk(parts);
        Replace(new SharedTensors([.. rows.Select(r => pack(r, input).DetachFromDisposeScope())]));
        (_shape, _misses, _isPacked) = (input.shape, 0, true);
    }

    private void Drop()
    {
        if (!_isPacked) return;
        Replace(Empty(parts));
        _isPacked = false;
    }

    private void Replace(SharedTensors parts)
    {
        SharedTensors old = _parts;
        _parts = parts;
        old.Dispose();
    }

    private static SharedTensors Empty(int parts) =>
        new([.. Enumerable.Range(0, parts).Select(_ => empty(0).DetachFromDisposeScope())]);

    private Tensor Plain()
    {
        using DisposeScope scope = NewDisposeScope();
        using SharedTensors.Use packed = _parts.Take();
        Tensor[] rows = [.. packed.Tensors.Select(CpuOperators.Unpack)];
        return (parts == 1 ? rows[0] : cat(rows)).MoveToOuterDisposeScope();
    }
}
