using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Equally shaped rows of named tensors in one safetensors file, [rows, …] each, read a few at a time. Its metadata says what it was made
/// of. Safe for concurrent reads.
/// </summary>
internal sealed class RowFile : IDisposable
{
    public const string KeyMetadata = "key", ColumnsMetadata = "columns";

    private const int RowsNamed = 10;

    private readonly SafetensorsFile _file;

    private RowFile(SafetensorsFile file) => _file = file;

    /// <summary>
    /// Computes the rows from <paramref name="start"/> on: tensors of <paramref name="count"/> rows each, in a dispose scope of the
    /// caller's.
    /// <paramref name="next"/> is the row that the computation after it starts with; null for the last.
    /// </summary>
    public delegate IReadOnlyList<(string Name, Tensor Rows)> Computation(long start, int count, long? next);

    /// <summary>The sources of the file.</summary>
    public string Key => _file.Metadata[KeyMetadata];

    /// <summary>
    /// Opens a file, or makes it where it is missing or was made of something else. Checks every row against its checksum and
    /// makes those again that are damaged. What an interrupted making left behind is taken up again.
    /// </summary>
    /// <param name="path">The file; a symbolic link is followed.</param>
    /// <param name="key">Identifies its sources.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="required">Tensors without which the file is of no use.</param>
    /// <param name="batchSize">Rows computed at a time: also where only some of a batch are damaged, since another batch would round
    /// differently.</param>
    /// <param name="compute">Computes rows, without gradients.</param>
    /// <param name="logger">Receives the damaged rows; null for no log.</param>
    /// <param name="progress">Receives the number of rows done.</param>
    /// <param name="cancellationToken">Stops the check or the work; finished rows are kept.</param>
    /// <param name="group">Processes that compute the rows together and open the same file; null for one.</param>
    /// <exception cref="IOException">The path is that of a device or a pipe, or a process does not see the file of process 0.</exception>
    public static RowFile OpenOrMake(
        string path, string key, long rows, IReadOnlyList<string> required, int batchSize, Computation compute, ILogger? logger,
        IProgress<long>? progress, CancellationToken cancellationToken, IProcessGroup? group = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        string target = RealPath.Resolve(path);
        if (Path.Exists(target) && !RegularFile.Is(target))
            throw new IOException($"'{path}' is not a regular file, and a cache is read from where it was written.");
        if (group is { Size: > 1 })
            return OpenOrMakeTogether(target, key, rows, required, batchSize, compute, logger, progress, group, cancellationToken);
        if (Whole(target, key, rows, required, logger ?? NullLogger.Instance, cancellationToken) is { } whole) return whole;
        using (var making = new RowFileWriter(target, key, rows, required))
        {
            using IDisposable noGradient = no_grad();
            for (long start = 0; start < rows; start += batchSize)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int count = (int)Math.Min(batchSize, rows - start);
                if (!making.IsDone(start, count))
                {
                    using DisposeScope scope = NewDisposeScope();
                    making.Write(start, compute(start, count, Next(making, start + count)));
                }

                progress?.Report(start + count);
            }

            making.Complete();
        }

        return TryOpen(target, key) ?? throw new IOException($"'{path}' was replaced by another process as soon as it was written.");

        long? Next(RowFileWriter making, long from)
        {
            for (long start = from; start < rows; start += batchSize)
                if (!making.IsDone(start, (int)Math.Min(batchSize, rows - start))) return start;
            return null;
        }
    }

    /// <summary>The header of a tensor; null if the file has none of that name.</summary>
    public TensorEntry? Find(string name) => _file.Find(name);

    /// <summary>A whole tensor, as it is stored.</summary>
    public Tensor ReadAll(string name) => _file.Read(name);

    /// <summary>Some rows of a tensor, as they are stored, in the order asked for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The row does not exist.</exception>
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

    private static RowFile OpenOrMakeTogether(
        string path, string key, long rows, IReadOnlyList<string> required, int batchSize, Computation compute, ILogger? logger,
        IProgress<long>? progress, IProcessGroup group, CancellationToken cancellationToken)
    {
        // Only process 0 checks and writes, or the others would find a file that is being made.
        byte[] missing = group.Exchange(() => [group.IsFirst() && !IsWhole() ? (byte)1 : (byte)0])[0];
        if (missing[0] != 0)
        {
            RowFileWriter? making = null;
            group.RunOnFirst(() => making = new RowFileWriter(path, key, rows, required));
            using (making)
            using (no_grad())
            {
                new SharedRows(group, compute).Make(making, rows, batchSize, progress, cancellationToken);
                group.RunOnFirst(() => making!.Complete());
            }
        }

        RowFile? file = null;
        group.Exchange(() =>
        {
            file = TryOpen(path, key) ?? throw new IOException(
                $"Process {group.Rank} does not see the cache '{path}' that process 0 has: expected a folder that all machines share.");
            return [];
        });
        return file!;

        bool IsWhole()
        {
            using RowFile? whole = Whole(path, key, rows, required, logger ?? NullLogger.Instance, cancellationToken);
            return whole is not null;
        }
    }

    /// <summary>The file if all rows have the written content; null if rows remain to be made.</summary>
    private static RowFile? Whole(
        string path, string key, long rows, IReadOnlyList<string> required, ILogger logger, CancellationToken cancellationToken)
    {
        if (TryOpen(path, key) is not { } file) return null;
        bool whole = false;
        try
        {
            string[] missing = [.. (file._file.Metadata.GetValueOrDefault(ColumnsMetadata)?.Split(',') ?? [])
                .Union(required)
                .Where(name => file.Find(name) is null)];
            if (missing.Length > 0 || RowColumns.FromFile(file._file, rows) is not { } columns)
            {
                logger.LogWarning(
                    "The cache {Path} lacks {Missing}: it is made again.", path,
                    missing.Length > 0 ? string.Join(", ", missing) : "its checksums or rows");
                return null;
            }

            long[] damaged;
            using (SafeFileHandle handle = File.OpenHandle(path)) damaged = [.. columns.Damaged(handle, rows, cancellationToken)];
            if (damaged.Length == 0)
            {
                whole = true;
                return file;
            }

            logger.LogWarning(
                "{Damaged} of {Rows} rows of the cache {Path} are damaged ({Named}{More}): they are made again.",
                damaged.Length, rows, path, string.Join(", ", damaged.Take(RowsNamed)), damaged.Length > RowsNamed ? ", …" : "");
        }
        finally
        {
            if (!whole) file.Dispose();
        }

        // As if its making had been interrupted: the rows that are whole stay.
        File.Move(path, path + RowFileWriter.Suffix, overwrite: true);
        return null;
    }

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
            // A cache can be made again, whatever became of it.
        }

        return null;
    }
}
