using System.ComponentModel.DataAnnotations;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// What a frozen text encoder makes of the captions of a data set, computed once. Equal captions are kept once, and
/// always what the encoder makes of no caption (<see cref="ITextEncoder.EncodeUnconditional"/>), which also stands for
/// empty ones: caption dropout then trains what guidance leads away from. Batches are read from the mapped file. Safe for concurrent use.
/// </summary>
/// <remarks>
/// The making can be interrupted at any moment and resumes where it stopped. Opening checks every row against its checksum: damaged rows
/// are
/// made again, and so is a cache that lacks a tensor. The file stays open until the cache is disposed.
/// </remarks>
public sealed class TextEmbeddingCache : IDisposable
{
    /// <summary>Stands for no caption wherever a caption's number is asked for.</summary>
    public const long EmptyCaption = -1;

    private const string HiddenName = "hidden_states", PooledName = "pooled", MaskName = "mask";

    private readonly RowFile _rows;
    private readonly long[] _rowOf;

    private TextEmbeddingCache(RowFile rows, long[] rowOf) => (_rows, _rowOf) = (rows, rowOf);

    /// <summary>Identifies the cache's sources: captions, encoder and options.</summary>
    internal string Key => _rows.Key;

    /// <summary>Number of captions, equal ones counted each.</summary>
    public long Count => _rowOf.LongLength;

    /// <summary>Reads a cache, or makes it where it is missing or was made of something else.</summary>
    /// <param name="path">The cache file.</param>
    /// <param name="key">Anything else that what is kept follows from. Captions, options and the encoder (weights, configuration and
    /// vocabulary) are added to it; of an encoder that is not the library's only the type, so that the key says the rest (see
    /// <see cref="ContentHash"/>).</param>
    /// <param name="encoder">The text encoder.</param>
    /// <param name="captions">The captions, in the order in which they will be asked for.</param>
    /// <param name="options">Contents of the cache; null for the defaults.</param>
    /// <param name="progress">Reports the number of different captions done.</param>
    /// <param name="cancellationToken">Stops the work; finished rows are kept next to the path and reused the next time.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">The encoder makes more chunks of a caption than of the empty one.</exception>
    public static TextEmbeddingCache Open(
        string path, string key, ITextEncoder encoder, IEnumerable<string> captions, TextEmbeddingCacheOptions? options = null,
        IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(captions);
        options ??= new TextEmbeddingCacheOptions();
        ValidOptions.Check(options);
        var distinct = new List<string> { "" };
        var rowOf = new Dictionary<string, long>(StringComparer.Ordinal) { [""] = 0 };
        var rows = new List<long>();
        foreach (string caption in captions)
        {
            if (rowOf.TryAdd(caption, distinct.Count)) distinct.Add(caption);
            rows.Add(rowOf[caption]);
        }

        if (encoder.Measure("") is { } one && distinct.FirstOrDefault(c => encoder.Measure(c) != one) is { } longer)
            throw new ArgumentException(
                $"The caption '{longer}' takes more chunks than the empty one, and rows of a cache are of one length: "
                    + "expected an encoder of one chunk, MaxChunks 1.",
                nameof(captions));
        // Each caption is hashed by itself, so that no two lists run into the same text.
        string hashes = string.Join('\n', distinct.Select(StableHash.Compute));
        string identity = StableHash.Compute(string.Create(
            CultureInfo.InvariantCulture, $"{key}\nunconditional\n{encoder.ContentKey}\n{encoder.MaxLength}\n{options.Type}\n{hashes}"));
        RowFile file = RowFile.OpenOrMake(
            path, identity, distinct.Count, [HiddenName], options.BatchSize, Compute, options.Logger, progress, cancellationToken);
        TruncatedCaptions.Log(file, path, encoder.MaxLength, options.Logger);
        return new TextEmbeddingCache(file, [.. rows]);

        IReadOnlyList<(string, Tensor)> Compute(long start, int count, long? next)
        {
            Conditioning text = start > 0 ? encoder.Encode(distinct.GetRange((int)start, count))
                : count == 1 ? encoder.EncodeUnconditional(1)
                : Conditioning.Concat(encoder.EncodeUnconditional(1), encoder.Encode(distinct.GetRange(1, count - 1)));
            var tensors = new List<(string, Tensor)> { (HiddenName, text.HiddenStates.to(options.Type)) };
            if (text.Pooled is not null) tensors.Add((PooledName, text.Pooled.to(options.Type)));
            if (text.Mask is not null) tensors.Add((MaskName, text.Mask));
            if (encoder.CountTruncatedTokens("") is not null)
                tensors.Add(TruncatedCaptions.Column(distinct.GetRange((int)start, count), c => encoder.CountTruncatedTokens(c) ?? 0));
            return tensors;
        }
    }

    /// <summary>The conditioning of a batch, from the file.</summary>
    /// <param name="captions">Numbers of captions, in any order; <see cref="EmptyCaption"/> for none.</param>
    /// <returns>Hidden states and pooled vectors in float32, the mask as the encoder gave it; on the CPU, owned by the caller.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The caption does not exist.</exception>
    public Conditioning Read(ReadOnlySpan<long> captions)
    {
        long[] rows = new long[captions.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(captions[i], EmptyCaption, nameof(captions));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(captions[i], Count, nameof(captions));
            rows[i] = captions[i] == EmptyCaption ? 0 : _rowOf[captions[i]];
        }

        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return new Conditioning(
            Values(HiddenName)!, Values(PooledName),
            _rows.Find(MaskName) is null ? null : _rows.Read(MaskName, rows).MoveToOuterDisposeScope());

        Tensor? Values(string name) =>
            _rows.Find(name) is null ? null : _rows.Read(name, rows).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _rows.Dispose();
}
