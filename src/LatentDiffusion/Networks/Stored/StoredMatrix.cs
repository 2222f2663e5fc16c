using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace LatentDiffusion.Networks;

/// <summary>
/// A weight matrix in memory as its file stores it. Its products expand some rows at a time to float32 and multiply with them. Safe for
/// concurrent evaluations; the terms are set while the network is held exclusively.
/// </summary>
internal sealed unsafe class StoredMatrix : IDisposable
{
    /// <summary>
    /// Bytes of rows that are expanded at a time. Products with fewer rows are slower, by a third at 4 MB with 12,288 columns and by 3 % at
    /// 24 MB, because each of them arranges the whole input.
    /// </summary>
    private const long DefaultTileBytes = 48 << 20;

    /// <summary>Minimum rows of a tile; fewer would make the product slow.</summary>
    private const long LeastTileRows = 64;

    /// <summary>Values that one thread expands at a time.</summary>
    private const long Portion = 1 << 15;

    /// <summary>Maximum rows of an input for which single dot products are faster than tiles.</summary>
    private const long FewRows = 3;

    private readonly Tensor _bytes;
    private readonly byte* _start;
    private readonly ValueConversion _conversion;
    private readonly float[]? _scales;
    private readonly long _rowBytes, _tileBytes;

    private StoredMatrix(StoredRows rows, Tensor bytes, long tileBytes)
    {
        (_bytes, Rows, Columns, _rowBytes, _tileBytes) = (bytes, rows.Count, rows.Columns, rows.RowBytes, tileBytes);
        _conversion = ValueConversion.Between(rows.Type, ScalarType.Float32)!;
        _scales = rows.Scales is null ? null : [.. rows.Scales];
        using Tensor first = bytes.narrow(0, 0, 1);
        // Native memory, which does not move.
        _start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }

    /// <summary>Number of rows: the outputs of a linear layer.</summary>
    public long Rows { get; }

    /// <summary>Number of columns: its inputs.</summary>
    public long Columns { get; }

    /// <summary>Low-rank matrices that are added to this one; owned. Default none.</summary>
    public IReadOnlyList<LowRankTerm> Terms { get; private set; } = [];

    /// <summary>Reads a matrix.</summary>
    /// <param name="rows">Where it is stored.</param>
    /// <param name="tileBytes">Bytes of rows that are expanded at a time.</param>
    /// <exception cref="CheckpointException">The file was shortened.</exception>
    public static StoredMatrix Read(StoredRows rows, long tileBytes = DefaultTileBytes)
    {
        Tensor bytes = empty(rows.Count * rows.RowBytes, ScalarType.Byte, CPU).DetachFromDisposeScope();
        try
        {
            LargePages.Request(Pointer(bytes), bytes.NumberOfElements);
            rows.ReadInto(bytes);
            return new StoredMatrix(rows, bytes, tileBytes);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>Adds low-rank matrices in place of those added before, which are disposed.</summary>
    public void SetTerms(IReadOnlyList<LowRankTerm> terms)
    {
        foreach (LowRankTerm term in Terms) term.Dispose();
        Terms = terms;
    }

    /// <summary>x·Wᵀ + b, computed in float32.</summary>
    /// <param name="input">[…, columns], on the CPU.</param>
    /// <param name="bias">[rows]; null for none.</param>
    /// <returns>[…, rows], of the input's type.</returns>
    /// <exception cref="NotSupportedException">A gradient of the input is asked for, or it is not on the CPU.</exception>
    public Tensor Multiply(Tensor input, Tensor? bias)
    {
        if (is_grad_enabled() && input.requires_grad) throw CannotBeTrained();
        if (input.device_type != DeviceType.CPU)
            throw new NotSupportedException($"Weights as stored are multiplied on the CPU; the input is on {input.device}.");
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor x = input.to(ScalarType.Float32).reshape(-1, Columns).contiguous();
        Tensor? b = bias?.to(ScalarType.Float32);
        Tensor y = empty([x.shape[0], Rows], ScalarType.Float32, CPU);
        if (x.shape[0] > FewRows) MultiplyTiles(x, b, y);
        else if (x.shape[0] > 0) MultiplyRows(x, b, y);
        foreach (LowRankTerm term in Terms) y.AddInPlace(term.Multiply(x));
        return y.view([.. input.shape[..^1], Rows]).to(input.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Some rows by their numbers, with those of the terms.</summary>
    /// <param name="indices">[…], int64, on the CPU.</param>
    /// <returns>[…, columns], float32.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is not that of a row.</exception>
    public Tensor Select(Tensor indices)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor flat = indices.contiguous().view(-1), rows = empty([flat.NumberOfElements, Columns], ScalarType.Float32, CPU);
        ReadOnlySpan<long> numbers = MemoryMarshal.Cast<byte, long>(flat.bytes);
        Span<float> values = MemoryMarshal.Cast<byte, float>(rows.bytes);
        for (int i = 0; i < numbers.Length; i++)
        {
            if (numbers[i] < 0 || numbers[i] >= Rows)
                throw new ArgumentOutOfRangeException(nameof(indices), numbers[i], $"A row has a number from 0 to {Rows - 1}.");
            Expand(numbers[i], 1, values.Slice((int)(i * Columns), (int)Columns));
        }

        foreach (LowRankTerm term in Terms) rows.AddInPlace(term.Select(flat));
        return rows.view([.. indices.shape, Columns]).MoveToOuterDisposeScope();
    }

    /// <summary>The whole matrix with its terms, [rows, columns] in float32. The caller disposes it.</summary>
    public Tensor ToTensor()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor values = empty([Rows, Columns], ScalarType.Float32, CPU);
        long step = Math.Max(1, _tileBytes / (Columns * sizeof(float)));
        for (long first = 0; first < Rows; first += step)
        {
            using Tensor part = values.narrow(0, first, Math.Min(step, Rows - first));
            Expand(first, part);
        }

        foreach (LowRankTerm term in Terms) values.AddInPlace(term.ToTensor());
        return values.MoveToOuterDisposeScope();
    }

    /// <summary>Adds type, scales, bytes and terms to a hash.</summary>
    public void AppendTo(IncrementalHash hash)
    {
        hash.AppendData(Encoding.UTF8.GetBytes(_conversion.Stored.Name ?? $"{_conversion.Stored.Type}"));
        hash.AppendData(MemoryMarshal.AsBytes<float>(_scales));
        TensorBytes.Drain(_bytes, ScalarType.Byte, hash.AppendData);
        foreach (LowRankTerm term in Terms)
        {
            using Tensor values = term.ToTensor();
            TensorBytes.Drain(values, ScalarType.Float32, hash.AppendData);
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        SetTerms([]);
        _bytes.Dispose();
    }

    /// <summary>The exception where a gradient is asked for.</summary>
    /// <param name="component">Name of the network; null where it is not known.</param>
    public static NotSupportedException CannotBeTrained(string? component = null) => new(
        $"{(component is null ? "" : $"'{component}' keeps its weights as stored. ")}Weights as stored have no gradients; "
        + $"load the model with {nameof(WeightStorage)}.{nameof(WeightStorage.Expanded)} to train it.");

    private void MultiplyTiles(Tensor x, Tensor? bias, Tensor y)
    {
        long tileRows = Math.Min(Rows, Math.Max(LeastTileRows, _tileBytes / (Columns * sizeof(float))));
        using Tensor buffer = empty([tileRows, Columns], ScalarType.Float32, CPU);
        for (long first = 0; first < Rows; first += tileRows)
        {
            using DisposeScope scope = NewDisposeScope();
            long count = Math.Min(tileRows, Rows - first);
            Tensor tile = buffer.narrow(0, 0, count);
            Expand(first, tile);
            Tensor? offsets = bias?.narrow(0, first, count);
            // Of the two libraries for products, libtorch's own choice does not use AVX-512 on every processor that has it.
            Tensor product = CpuOperators.IsAvailable ? CpuOperators.Linear(x, tile, offsets) : nn.functional.linear(x, tile, offsets);
            y.narrow(1, first, count).copy_(product);
        }
    }

    /// <summary>Each row is expanded into the fastest cache and multiplied with all rows of the input.</summary>
    private void MultiplyRows(Tensor x, Tensor? bias, Tensor y)
    {
        (nint input, nint output, int inputs) = (Pointer(x), Pointer(y), (int)x.shape[0]);
        nint offsets = bias is null ? 0 : Pointer(bias.contiguous());
        long step = Math.Max(1, Portion / Columns);
        Parallel.For(0, (Rows + step - 1) / step, portion =>
        {
            var row = new float[Columns];
            for (long r = portion * step; r < Math.Min(Rows, (portion + 1) * step); r++)
            {
                Expand(r, 1, row);
                for (int i = 0; i < inputs; i++)
                {
                    float product = TensorPrimitives.Dot(row, new ReadOnlySpan<float>((float*)input + i * Columns, (int)Columns));
                    ((float*)output)[i * Rows + r] = offsets == 0 ? product : product + ((float*)offsets)[r];
                }
            }
        });
    }

    /// <summary>Expands rows into a contiguous tensor, by all cores.</summary>
    private void Expand(long first, Tensor destination)
    {
        nint target = Pointer(destination);
        long count = destination.shape[0], step = Math.Max(1, Portion / Columns);
        Parallel.For(0, (count + step - 1) / step, portion =>
        {
            long start = portion * step;
            int rows = (int)Math.Min(step, count - start);
            Expand(first + start, rows, new Span<float>((float*)target + start * Columns, (int)(rows * Columns)));
        });
    }

    private void Expand(long first, int count, Span<float> values)
    {
        var bytes = new ReadOnlySpan<byte>(_start + first * _rowBytes, (int)(count * _rowBytes));
        Span<byte> target = MemoryMarshal.AsBytes(values);
        if (_conversion.Apply is { } apply) apply(bytes, target);
        else bytes.CopyTo(target);
        if (_scales is null) return;
        for (int row = 0; row < count; row++)
        {
            Span<float> part = values.Slice((int)(row * Columns), (int)Columns);
            TensorPrimitives.Multiply(part, _scales.Length == 1 ? _scales[0] : _scales[first + row], part);
        }
    }

    private static nint Pointer(Tensor tensor)
    {
        using Tensor flat = tensor.view(-1);
        using Tensor first = flat.narrow(0, 0, 1);
        return (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }
}
