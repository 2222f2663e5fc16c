using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A weight in a layout that the CPU computes with at once, in place of the parameter's own values: these are freed, and
/// come back bit for bit when the weight is unpacked. Safe for concurrent evaluations; unpacking is not, and happens while
/// the network is held exclusively.
/// </summary>
/// <param name="pack">The layout of a weight for an input.</param>
/// <param name="parts">Equal parts of the rows that are packed one by one.</param>
/// <param name="keepsValues">Whether the parameter keeps its values, because the packed weight does not tell them.</param>
internal sealed class PackedWeight(Func<Tensor, Tensor, Tensor> pack, int parts = 1, bool keepsValues = false) : IDisposable
{
    // The best layout can depend on the input's shape. Any layout gives the same values for any shape; another than the best
    // is reordered at each call. An input of another size that recurs is worth packing again for.
    private const int MissesBeforePackingAgain = 4;

    // Of the parameter's shape, so that it can still be asked for it. Whoever held the parameter before and reads its values
    // sees that they are none; most operators that would write to it throw.
    private static readonly Lazy<Tensor> s_freed = new(() => tensor(new[] { float.NaN }).DetachFromDisposeScope());

    private readonly Lock _lock = new();
    private SharedTensors? _packed;
    private long[] _shape = [];
    private int _misses;

    /// <summary>The packed parts for an input, to be disposed after use. Packs them the first time.</summary>
    public SharedTensors.Use For(Parameter parameter, Tensor input)
    {
        lock (_lock)
        {
            if (_packed is null)
            {
                Keep(parameter, input);
                if (!keepsValues) Free(parameter);
            }
            else if (input.shape.AsSpan().SequenceEqual(_shape))
            {
                _misses = 0;
            }
            else if (++_misses >= MissesBeforePackingAgain)
            {
                SharedTensors old = _packed;
                using (Tensor plain = keepsValues ? parameter.alias() : Plain()) Keep(plain, input);
                old.Dispose();
            }

            return _packed!.Take();
        }
    }

    /// <summary>Gives the parameter its values back.</summary>
    public void Unpack(Parameter parameter)
    {
        lock (_lock)
        {
            if (_packed is null) return;
            using IDisposable noGradient = no_grad();
            if (!keepsValues)
            {
                using Tensor plain = Plain();
                parameter.set_(plain);
            }

            Dispose();
        }
    }

    /// <summary>Frees the packed weight, once no evaluation uses it.</summary>
    public void Dispose()
    {
        _packed?.Dispose();
        _packed = null;
    }

    private static void Free(Parameter parameter)
    {
        using Tensor freed = s_freed.Value.expand(parameter.shape);
        parameter.set_(freed);
        GlibcAllocator.FreedForGood(parameter.numel() * sizeof(float));
    }

    private void Keep(Tensor weight, Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] rows = parts == 1 ? [weight.alias()] : weight.chunk(parts);
        _packed = new SharedTensors([.. rows.Select(r => pack(r, input).DetachFromDisposeScope())]);
        _shape = input.shape;
        _misses = 0;
    }

    private Tensor Plain()
    {
        using DisposeScope scope = NewDisposeScope();
        using SharedTensors.Use packed = _packed!.Take();
        Tensor[] rows = [.. packed.Tensors.Select(CpuOperators.Unpack)];
        return (parts == 1 ? rows[0] : cat(rows)).MoveToOuterDisposeScope();
    }
}
