using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Equally shaped rows of named tensors in one safetensors file, [rows, …] each, read a few at a time. Its metadata says what it was made of. Safe for concurrent reads.
/// </summary>
internal sealed class RowFile : IDisposable
{
    public const string KeyMetadata = "key";

    private readonly SafetensorsFile _file;

    private RowFile(SafetensorsFile file) => _file = file;

    /// <summary>Computes the rows from <paramref name="start"/> on: tensors of <paramref name="count"/> rows each, in a dispose scope of the caller's.</summary>
    public delegate IReadOnlyList<(string Name, Tensor Rows)> Computation(long start, int count);

    /// <summary>
    /// Opens a file, or makes it where it is missing, damaged or was made of something else. What an interrupted making
    /// left behind is taken up again.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Says what it is made of.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="batchSize">Rows computed at a time.</param>
    /// <param name="compute">Computes rows, without gradients.</param>
    /// <param name="progress">Told the number of rows done.</param>
    /// <param name="cancellationToken">Stops the making; what is done is kept.</param>
    public static RowFile OpenOrMake(
        string path, string key, long rows, int batchSize, Computation compute, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        if (TryOpen(path, key) is { } whole) return whole;
        using (var making = new RowFileWriter(path, key, rows))
        {
            using IDisposable noGradient = no_grad();
            for (long start = 0; start < rows; start += batchSize)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int count = (int)Math.Min(batchSize, rows - start);
                if (!making.IsDone(start, count))
                {
                    using DisposeScope scope = NewDisposeScope();
                    making.Write(start, compute(start, count));
                }

                progress?.Report(start + count);
            }

            making.Complete();
        }

        return TryOpen(path, key) ?? throw new IOException($"'{path}' was replaced by another process as soon as it was written.");
    }

    /// <summary>What the file says of a tensor; null where it has none of that name.</summary>
    public TensorEntry? Find(string name) => _file.Find(name);

    /// <summary>A whole tensor, as it is stored.</summary>
    public Tensor ReadAll(string name) => _file.Read(name);

    /// <summary>Some rows of a tensor, as they are stored, in the order asked for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public Tensor Read(string name, ReadOnlySpan<long> rows)
    {
        TensorEntry entry = _file.Require(name);
        foreach (long row in rows)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(row, nameof(rows));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, entry.Shape[0], nameof(rows));
        }

        int length = checked((int)(entry.ByteLength / entry.Shape[0]));
        Tensor result = empty([rows.Length, .. entry.Shape.Skip(1)], entry.DataType, CPU);
        try
        {
            Span<byte> bytes = rows.IsEmpty ? [] : result.bytes;
            for (int i = 0; i < rows.Length; i++) _file.ReadBytes(name, rows[i] * length, bytes.Slice(i * length, length));
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <summary>Closes the file. Tensors read from it stay.</summary>
    public void Dispose() => _file.Dispose();

    private static RowFile? TryOpen(string path, string key)
    {
        if (!File.Exists(path)) return null;
        try
        {
            SafetensorsFile file = SafetensorsFile.Open(path);
            if (file.Metadata.GetValueOrDefault(KeyMetadata) == key) return new RowFile(file);
            file.Dispose();
        }
        catch (CheckpointException)
        {
            // A cache can be made anew, whatever became of it.
        }

        return null;
    }
}
